"""Time and memory of engines that do the same work."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.engines.runners import OPTIMUM, TORCH, Elsewhere, Ours, Runner, Sources, open_peer
from pipeline.bundle import Bundle, read_manifest
from pipeline.errors import UserError
from quantize.machine import Spent, in_turn, peak_memory

SLOW = {OPTIMUM: 2, TORCH: 2}  # rounds at most


@dataclass(frozen=True)
class Cell:
    """What is translated: sentences at once, beams, and tokens of source and target."""

    batch: int
    beam: int
    source: int = 24
    target: int = 32

    @property
    def forced(self) -> bool:
        """Whether every translation has that many tokens; else they are at most."""
        return self.source > 0

    @property
    def lengths(self) -> str:
        """Tokens of source and target, as the table shows them."""
        return f"{self.source}/{self.target}"


@dataclass(frozen=True)
class Timing:
    """Milliseconds a sentence, medians over the rounds."""

    cpu_ms: float
    cpu_range: tuple[float, float]
    wall_ms: float
    ratios: tuple[float, ...] = ()  # the peer's CPU time : this one's, by round

    @property
    def ratio(self) -> float | None:
        """The ratios' median."""
        return statistics.median(self.ratios) if self.ratios else None


def race(
    runners: Mapping[str, Runner], sources: Sources, cell: Cell, rounds: int, peer: str
) -> dict[str, Timing]:
    """Let engines do the same work in turn, and compare them with the `peer` within a round.

    Engines that take several times as long as the rest take part in two rounds only. Raises
    UserError for one whose translations are not of the cell's length.
    """
    work = sources[: cell.batch], cell
    tasks = {name: partial(_translate, name, runner, *work) for name, runner in runners.items()}
    others = {name: one for name, one in runners.items() if isinstance(one, Elsewhere)}
    clocks = {name: runner.cpu_seconds for name, runner in others.items()}
    return timings(in_turn(tasks, rounds, at_most=SLOW, clocks=clocks), cell.batch, peer)


def _translate(name: str, runner: Runner, sources: Sources, cell: Cell) -> None:
    found = runner.translate(sources, cell.beam, [cell.target] * len(sources))
    if cell.forced and found != [cell.target] * len(sources):
        raise UserError(f"{name} gave {found} tokens, not {cell.target} each: no comparison")


def timings(spent: Mapping[str, Spent], sentences: int, peer: str) -> dict[str, Timing]:
    """Milliseconds a sentence, compared with the peer's in the same rounds, if it took part."""
    return {name: _timing(own, sentences, spent.get(peer)) for name, own in spent.items()}


def _timing(own: Spent, sentences: int, peer: Spent | None) -> Timing:
    cpu, wall = (
        [seconds * 1000 / sentences for seconds in rounds] for rounds in (own.cpu, own.wall)
    )
    # A slow engine has fewer rounds than its peer.
    pairs = zip(peer.cpu, own.cpu, strict=False) if peer else ()
    return Timing(
        cpu_ms=statistics.median(cpu),
        cpu_range=(min(cpu), max(cpu)),
        wall_ms=statistics.median(wall),
        ratios=tuple(peers / ours for peers, ours in pairs),
    )


def peak_mb(
    engine: str, folder: Path, source: Path | None, sources: Sources, beam: int, length: int
) -> float:
    """Peak memory of a process that opens the engine and translates the sources twice.

    It imports nothing but what the engine needs. `source` is a peer's model, None for a
    bundle of ours in `folder`.
    """
    task = [engine, str(folder), source and str(source), sources, beam, length]
    command = [sys.executable, "-m", "benchmarks.engines.measure"]
    done = subprocess.run(
        command, input=json.dumps(task), capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1]) / 1e6


def _main(
    engine: str, folder: str, source: str | None, sources: list[list[int]], beam: int, length: int
) -> None:
    place = Path(folder)
    if source:
        runner = open_peer(engine, Path(source), place)
    else:
        runner = Ours(Bundle(place, read_manifest(place)))
    for _ in range(2):
        runner.translate([tuple(ids) for ids in sources], beam, [length] * len(sources))
    print(peak_memory())


if __name__ == "__main__":
    _main(*json.load(sys.stdin))
