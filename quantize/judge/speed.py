"""CPU time and peak memory of bundles under the serving engine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipeline.bundle import Bundle, read_manifest
from pipeline.config import ROOT
from pipeline.decode.engine import Engine
from quantize.progress import Progress, no_progress

# short ones: the median of many ratios bears a neighbour's bursts better than that of a few long
ROUNDS = 15


@dataclass
class Spent:
    """Seconds of each round, one entry a round: of this process's CPU, and of the clock."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


def in_turn(
    tasks: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    at_most: Mapping[str, int] | None = None,
    progress: Progress = no_progress,
) -> dict[str, Spent]:
    """Every task once a round, in turn, so that all meet the same machine.

    The first round only warms up.

    `at_most`: rounds after which a task is left out.
    """
    spent = {name: Spent() for name in tasks}
    for round_ in range(rounds + 1):
        for name, task in tasks.items():
            if round_ > (at_most or {}).get(name, rounds):
                continue
            began = time.process_time(), time.perf_counter()
            task()
            if round_:
                spent[name].cpu.append(time.process_time() - began[0])
                spent[name].wall.append(time.perf_counter() - began[1])
        progress(round_, rounds)
    return spent


@dataclass(frozen=True)
class Timing:
    """CPU seconds of one thread for the sentences, and the ratio reference : this, of the rounds'
    medians.
    """

    seconds: float
    ratio: float
    lowest: float  # ratio of a round
    highest: float


def race(
    engines: Mapping[str, Engine],
    reference: str,
    sources: Sequence[tuple[int, ...]],
    *,
    rounds: int = ROUNDS,
    progress: Progress = no_progress,
) -> dict[str, Timing]:
    """Every engine translates the sources once a round.

    Ratios are taken within a round: CPU time is not immune to neighbours either.
    """
    tasks = {name: partial(_translate, engine, sources) for name, engine in engines.items()}
    spent = in_turn(tasks, rounds, progress=progress)
    timings = {}
    for name, own in spent.items():
        ratios = [base / mine for base, mine in zip(spent[reference].cpu, own.cpu, strict=True)]
        timings[name] = Timing(
            statistics.median(own.cpu), statistics.median(ratios), min(ratios), max(ratios)
        )
    return timings


def _translate(engine: Engine, sources: Sequence[tuple[int, ...]]) -> None:
    for future in [engine.submit(ids) for ids in sources]:
        future.result()


def peak_memory(bundle: Bundle, sources: Sequence[tuple[int, ...]]) -> int:
    """Largest resident size in bytes of a process that opens the bundle and translates the sources."""
    command = [sys.executable, "-m", "quantize.judge.speed", str(bundle.path)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    task = json.dumps(sources)
    done = subprocess.run(
        command, input=task, capture_output=True, text=True, check=True, env=environment
    )
    return int(done.stdout)


def _main(folder: str) -> None:
    sources = json.load(sys.stdin)
    bundle = Bundle(Path(folder), read_manifest(Path(folder)))
    engine = Engine.load(bundle)
    _translate(engine, sources)
    engine.close()
    sys.stdout.write(str(high_water()))


def high_water() -> int:
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


if __name__ == "__main__":
    _main(sys.argv[1])
