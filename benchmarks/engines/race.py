"""Engines run the same work in turn, and are compared within a round."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from benchmarks.engines.runners import OPTIMUM, PEER, TORCH, Runner, Sources
from quantize.machine import Spent, in_turn

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
    """Milliseconds a sentence, medians over the rounds.

    `ratios` are the peer's CPU time : this one's, by round.
    """

    cpu_ms: float
    cpu_range: tuple[float, float]
    wall_ms: float
    ratios: tuple[float, ...] = ()

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None


def race(
    runners: Mapping[str, Runner], sources: Sources, cell: Cell, rounds: int
) -> dict[str, Timing]:
    """Engines that take several times as long as the rest take part in two rounds only."""
    work = sources[: cell.batch], cell.beam, [cell.target] * cell.batch
    tasks = {name: partial(run, *work) for name, run in runners.items()}
    return timings(in_turn(tasks, rounds, at_most=SLOW), cell.batch, PEER)


def timings(spent: Mapping[str, Spent], sentences: int, peer: str) -> dict[str, Timing]:
    """Milliseconds a sentence, and how they compare with the peer's in the same rounds, if it took
    part.
    """
    return {name: _timing(own, sentences, spent.get(peer)) for name, own in spent.items()}


def _timing(own: Spent, sentences: int, peer: Spent | None) -> Timing:
    cpu, wall = (
        [seconds * 1000 / sentences for seconds in rounds] for rounds in (own.cpu, own.wall)
    )
    ratios = (
        tuple(theirs / mine for theirs, mine in zip(peer.cpu, own.cpu, strict=False))
        if peer
        else ()
    )
    return Timing(statistics.median(cpu), (min(cpu), max(cpu)), statistics.median(wall), ratios)
