"""What processes use, from /proc."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def cpu_seconds(processes: Mapping[int, str]) -> dict[str, float]:
    """CPU seconds since their start of the processes of each kind.

    Those that have ended count for nothing.
    """
    used: dict[str, float] = {}
    for pid, kind in processes.items():
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used[kind] = used.get(kind, 0.0) + (int(fields[11]) + int(fields[12])) / os.sysconf(
                "SC_CLK_TCK"
            )
    return used


def memory_mb(pid: int) -> float:
    """Megabytes that a process has in memory, pages that it shares with others divided among them
    (PSS).
    """
    found = re.search(
        r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE
    )
    assert found is not None
    return int(found[1]) * 1024 / 1e6
