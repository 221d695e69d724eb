"""What is known of one recipe's bundle, and which of them a user should have."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.bundle import Gate
from pipeline.config import Strict
from quantize.int8.recipes import Recipe
from quantize.judge.gate import Quality, full

EQUALLY_FAST = 0.03  # timings of one recipe differ by as much from run to run


class Speed(Strict):
    """CPU time for the race's sentences on one thread."""

    cpu_seconds: float
    vs_fp32: float  # median over the rounds of fp32's time : this one's
    lowest: float
    highest: float


class Result(Strict):
    recipe: Recipe
    size_bytes: int  # of the files that serving reads
    peak_rss_bytes: int
    quality: Quality
    speed: Speed | None = None  # the race comes last

    @property
    def gate(self) -> Gate:
        """The full gate's verdict by the limits of today, whenever the quality was measured."""
        return full(self.quality)


def choose(results: Mapping[str, Result]) -> str | None:
    """The fastest that passes.

    Among equally fast ones the narrow weights, then the closest to fp32.

    ±63 goes before ±127 because it is as fast on CPUs of every kind.
    """
    passing = {
        n: r for n, r in results.items() if r.gate.passed and r.speed and r.recipe.weights != "fp32"
    }
    if not passing:
        return None
    fastest = max(_ratio(r) for r in passing.values())
    equal = {name: r for name, r in passing.items() if _ratio(r) >= fastest * (1 - EQUALLY_FAST)}
    return min(
        equal,
        key=lambda n: (equal[n].recipe.weight_limit > 63, equal[n].quality.faithfulness.delta_logp),
    )


def most_faithful(results: Mapping[str, Result]) -> str | None:
    """The closest to fp32 that passes."""
    passing = {n: r for n, r in results.items() if r.gate.passed and r.recipe.weights != "fp32"}
    return min(
        passing, key=lambda name: passing[name].quality.faithfulness.delta_logp, default=None
    )


def _ratio(result: Result) -> float:
    assert result.speed is not None
    return result.speed.vs_fp32
