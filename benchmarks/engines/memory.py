"""Peak memory of an engine, in a process that imports nothing but what the engine needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.engines.runners import Ours, Sources, peer
from pipeline.bundle import Bundle, read_manifest
from quantize.machine import peak_memory


def peak_mb(
    engine: str, folder: Path, source: Path | None, sources: Sources, beam: int, length: int
) -> float:
    """Largest resident size of a process that opens the engine and translates the sources twice.

    `source` is a peer's Marian model, None for a bundle of ours in `folder`.
    """
    task = [engine, str(folder), source and str(source), sources, beam, length]
    command = [sys.executable, "-m", "benchmarks.engines.memory"]
    done = subprocess.run(
        command, input=json.dumps(task), capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1]) / 1e6


def _main(
    engine: str, folder: str, source: str | None, sources: list[list[int]], beam: int, length: int
) -> None:
    place = Path(folder)
    run = peer(engine, Path(source), place) if source else Ours(Bundle(place, read_manifest(place)))
    for _ in range(2):
        run([tuple(ids) for ids in sources], beam, [length] * len(sources))
    print(peak_memory())


if __name__ == "__main__":
    _main(*json.load(sys.stdin))
