"""What processes are, and what they use."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import psutil


def descendants(pid: int) -> list[int]:
    """Living processes that `pid` started, directly or not."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child.pid)
    return found


def command(pid: int) -> str:
    """A process's command line, or how it titles itself; empty once it has ended."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


def cpu_seconds(processes: Mapping[int, str]) -> dict[str, float]:
    """CPU seconds since their start of the processes of each kind.

    Those that have ended count for nothing.
    """
    used: dict[str, float] = {}
    for pid, kind in processes.items():
        with suppress(psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            used[kind] = used.get(kind, 0.0) + times.user + times.system
    return used


def memory_mb(pid: int) -> float:
    """Megabytes of a process in memory, with a share of the pages that others use too (PSS)."""
    return float(psutil.Process(pid).memory_full_info().pss) / 1e6
