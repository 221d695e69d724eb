"""The machine that figures are measured on, and what work takes of it."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from quantize.progress import Progress, no_progress


def cpu_name() -> str:
    """The CPU and the widest instructions that INT8 products can use on it."""
    path = Path("/proc/cpuinfo")
    text = path.read_text() if path.exists() else ""
    names = [line for line in text.splitlines() if line.startswith("model name")]
    name = names[0].split(":", 1)[1].strip() if names else platform.processor() or "unknown"
    flags = set(text.split())
    known = (kind for kind in ("avx512_vnni", "avx_vnni", "avx2") if kind in flags)
    return f"{name} ({next(known, platform.machine())})"


def describe(packages: Sequence[str]) -> dict[str, Any]:
    """The system, the CPU, and the versions of `packages` and of Python."""
    versions = {name: version(name) for name in packages} | {"python": platform.python_version()}
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_name(),
        "versions": versions,
    }


@dataclass
class Spent:
    """Seconds of each round, one entry a round: of the CPU, and of the clock."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


def in_turn(
    tasks: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    at_most: Mapping[str, int] | None = None,
    clocks: Mapping[str, Callable[[], float]] | None = None,
    progress: Progress = no_progress,
) -> dict[str, Spent]:
    """Do every task once a round, in turn, so that all meet the same machine.

    The first round only warms up. `at_most`: rounds after which a task is left out. `clocks`:
    seconds of CPU that tasks of another process have taken.
    """
    limits, elsewhere = at_most or {}, clocks or {}
    spent = {name: Spent() for name in tasks}
    for round_ in range(rounds + 1):
        for name, task in tasks.items():
            if round_ > limits.get(name, rounds):
                continue
            cpu_seconds = elsewhere.get(name, time.process_time)
            began = cpu_seconds(), time.perf_counter()
            task()
            ended = time.perf_counter(), cpu_seconds()
            if round_:
                spent[name].cpu.append(ended[1] - began[0])
                spent[name].wall.append(ended[0] - began[1])
        progress(round_, rounds)
    return spent


def peak_memory() -> int:
    """Largest resident size of this process in bytes.

    VmHWM where there is one: unlike `ru_maxrss`, it does not start from the parent's.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
