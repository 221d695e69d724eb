"""The memory of a replica, which Ray Serve does not bound: its `memory` only places replicas.

A replica that has grown beyond the limit fails its health checks, and Ray replaces it.
"""

from __future__ import annotations

import os
from pathlib import Path

RESIDENT = Path("/proc/self/statm")  # in pages, second field (proc(5)); Linux only


class TooMuchMemory(Exception):
    """This process holds more than it may."""


def resident_mb() -> float | None:
    """Megabytes that this process has in memory; None where the system does not say."""
    try:
        pages = int(RESIDENT.read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def check_memory(limit_mb: float) -> None:
    """Raises TooMuchMemory if this process has more than `limit_mb` megabytes in memory."""
    resident = resident_mb()
    if resident is not None and resident > limit_mb:
        raise TooMuchMemory(
            f"{resident:.0f} MB in memory, more than health.max_rss_mb ({limit_mb:g}): replaced"
        )
