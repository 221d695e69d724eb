"""CPU time and peak memory of bundles under the serving engine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.bundle import Bundle, read_manifest
from pipeline.engine import Engine
from pipeline.resources import ROOT
from pipeline.types import DecodingOptions
from quantize.progress import Progress, no_progress

ROUNDS = 15  # short ones: the median of many ratios bears a neighbour's bursts better than that of a few long


@dataclass(frozen=True)
class Timing:
    """CPU seconds of one thread for the sentences, and the ratio reference : this, of the rounds' medians."""

    seconds: float
    ratio: float
    lowest: float  # ratio of a round
    highest: float


def race(
    engines: Mapping[str, Engine],
    reference: str,
    sources: Sequence[tuple[int, ...]],
    *,
    options: DecodingOptions | None = None,
    rounds: int = ROUNDS,
    progress: Progress = no_progress,
) -> dict[str, Timing]:
    """Every engine translates the sources once a round, in turn, so that all meet the same machine.

    Ratios are taken within a round: CPU time is not immune to neighbours either.
    """
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for round_ in range(rounds + 1):
        for name, engine in engines.items():
            began = time.process_time()
            for future in [engine.submit(ids, options=options) for ids in sources]:
                future.result()
            if round_:  # the first warms buffers and caches
                seconds[name].append(time.process_time() - began)
        progress(round_, rounds)
    timings = {}
    for name, own in seconds.items():
        ratios = [base / mine for base, mine in zip(seconds[reference], own, strict=True)]
        timings[name] = Timing(statistics.median(own), statistics.median(ratios), min(ratios), max(ratios))
    return timings


def peak_memory(bundle: Bundle, sources: Sequence[tuple[int, ...]], options: DecodingOptions | None = None) -> int:
    """Largest resident size in bytes of a process that opens the bundle and translates the sources."""
    task = {"sources": sources, "length": options.max_length if options else None}
    command = [sys.executable, "-m", "quantize.judge.speed", str(bundle.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, check=True, env=environment)
    return int(done.stdout)


def _main(folder: str) -> None:
    task = json.load(sys.stdin)
    bundle = Bundle(Path(folder), read_manifest(Path(folder)))
    engine = Engine.load(bundle)
    options = forced_length(engine, task["length"]) if task["length"] else None
    for future in [engine.submit(ids, options=options) for ids in task["sources"]]:
        future.result()
    engine.close()
    sys.stdout.write(str(high_water()))


def forced_length(engine: Engine, length: int) -> DecodingOptions:
    """The bundle's options, with every search ending at this length at the latest whatever its source's."""
    return DecodingOptions(engine.defaults.beam_size, engine.defaults.length_penalty, length)


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
