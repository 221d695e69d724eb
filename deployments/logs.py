"""The logs, which nothing may depend on."""

from __future__ import annotations

import logging


def do_without() -> None:
    """Have this process go on where a record cannot be written, as on a full disk.

    Python would describe that on stderr. In a replica Ray sends stderr to the log as well, so that
    each description failed in turn, until what had logged something ended in RecursionError.
    """
    logging.raiseExceptions = False
