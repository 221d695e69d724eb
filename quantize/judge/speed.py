"""CPU time and peak memory of bundles under the serving engine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from pipeline.bundle import Bundle, read_manifest
from pipeline.config import ROOT, Strict
from pipeline.decode.engine import Engine
from quantize.machine import in_turn, peak_memory
from quantize.progress import Progress, no_progress

# Of a race, all short: the median of many ratios bears a neighbour's bursts better than that of a
# few long ones.
ROUNDS = 15
Sources = Sequence[tuple[int, ...]]


class Speed(Strict):
    """CPU time of one thread for the race's sentences."""

    cpu_seconds: float  # median over the rounds
    vs_fp32: float  # median over the rounds of fp32's time : this one's
    lowest: float  # of these ratios
    highest: float


def race(
    engines: Mapping[str, Engine],
    reference: str,
    sources: Sources,
    *,
    rounds: int = ROUNDS,
    progress: Progress = no_progress,
) -> dict[str, Speed]:
    """Every engine translates the sources once a round; `reference` names fp32's.

    Ratios are taken within a round: CPU time is not immune to neighbours either.
    """
    tasks = {name: partial(_translate, engine, sources) for name, engine in engines.items()}
    spent = in_turn(tasks, rounds, progress=progress)
    speeds = {}
    for name, own in spent.items():
        ratios = [base / ours for base, ours in zip(spent[reference].cpu, own.cpu, strict=True)]
        speeds[name] = Speed(
            cpu_seconds=statistics.median(own.cpu),
            vs_fp32=statistics.median(ratios),
            lowest=min(ratios),
            highest=max(ratios),
        )
    return speeds


def _translate(engine: Engine, sources: Sources) -> None:
    for future in [engine.submit(ids) for ids in sources]:
        future.result()


def memory_to_translate(bundle: Bundle, sources: Sources) -> int:
    """Peak memory in bytes of a process that opens the bundle and translates the sources."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "quantize.judge.speed", str(bundle.path)],
        input=json.dumps(sources),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def _main(folder: Path) -> None:
    sources = json.load(sys.stdin)
    engine = Engine.load(Bundle(folder, read_manifest(folder)))
    _translate(engine, sources)
    engine.close()
    sys.stdout.write(str(peak_memory()))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
