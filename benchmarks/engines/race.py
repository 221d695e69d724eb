"""Engines run the same work in turn, round after round, so that all meet the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.engines.runners import OPTIMUM, PEER, TORCH, Runner, Sources

SLOW = {OPTIMUM: 2, TORCH: 2}  # rounds at most


@dataclass(frozen=True)
class Cell:
    """What is translated: `batch` sentences at once with so many beams, source and target tokens."""

    batch: int
    beam: int
    source: int = 24
    target: int = 32

    @property
    def lengths(self) -> str:
        return f"{self.source}/{self.target}"


@dataclass(frozen=True)
class Timing:
    """Milliseconds a sentence, medians over the rounds; `ratios` are the peer's CPU time : this one's, by round."""

    cpu_ms: float
    cpu_range: tuple[float, float]
    wall_ms: float
    ratios: tuple[float, ...] = ()

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None


def race(runners: Mapping[str, Runner], sources: Sources, cell: Cell, rounds: int) -> dict[str, Timing]:
    """CPU time is this process's, so that neighbours on the machine count less; the first round only warms up.

    Engines that take several times as long as the rest take part in two rounds only.
    """
    lengths = [cell.target] * cell.batch
    cpu: dict[str, list[float]] = {name: [] for name in runners}
    wall: dict[str, list[float]] = {name: [] for name in runners}
    for round_ in range(rounds + 1):
        for name, run in runners.items():
            if name in SLOW and round_ > SLOW[name]:
                continue
            began = time.process_time(), time.perf_counter()
            run(sources[: cell.batch], cell.beam, lengths)
            if round_:
                cpu[name].append((time.process_time() - began[0]) * 1000 / cell.batch)
                wall[name].append((time.perf_counter() - began[1]) * 1000 / cell.batch)
    peer = cpu.get(PEER)
    return {name: timing(own, wall[name], peer) for name, own in cpu.items()}


def timing(cpu: Sequence[float], wall: Sequence[float], peer: Sequence[float] | None) -> Timing:
    ratios = tuple(theirs / mine for theirs, mine in zip(peer, cpu, strict=False)) if peer else ()
    return Timing(statistics.median(cpu), (min(cpu), max(cpu)), statistics.median(wall), ratios)
