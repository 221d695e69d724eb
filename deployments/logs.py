"""The logs, which nothing may depend on."""

from __future__ import annotations

import logging


def do_without() -> None:
    """Have this process go on where a record cannot be written, as on a full disk.

    Python would describe that on stderr. In a replica Ray sends stderr to the log as well, so that
    each description failed in turn, until what had logged something ended in RecursionError.
    """
    logging.raiseExceptions = False


def leave_out_leavers() -> None:
    """Have this process write no line for each client that leaves: so one could fill the disk."""
    logging.getLogger("ray.serve").addFilter(_tells_more)


def _tells_more(record: logging.LogRecord) -> bool:
    """Whether it is another record than Ray's of a call that was cancelled."""
    return not str(record.msg).startswith("Cancelling request that has already been assigned")
