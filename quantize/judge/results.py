"""What is known of one recipe's bundle, and which of them a user should have."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.bundle import Gate
from pipeline.config import Strict
from quantize.int8.recipes import Recipe
from quantize.judge.gate import Quality, full
from quantize.judge.speed import Speed

EQUALLY_FAST = 0.03  # timings of one recipe differ by as much from run to run
NARROW = 63  # the largest weights that are at full speed on every CPU


class Result(Strict):
    """Everything measured of one recipe."""

    recipe: Recipe
    size_bytes: int  # of the files that serving reads
    peak_rss_bytes: int
    quality: Quality
    speed: Speed | None = None  # the race comes last

    @property
    def gate(self) -> Gate:
        """The full gate's verdict by the limits of today, whenever the quality was measured."""
        return full(self.quality)

    @property
    def delta_logp(self) -> float:
        """Mean |Δ log p| a token, in nats."""
        return self.quality.faithfulness.delta_logp


def choose(results: Mapping[str, Result]) -> str | None:
    """The fastest that passes.

    Among equally fast ones narrow weights win, then the closest to fp32. ±63 goes before ±127
    because it is as fast on CPUs of every kind.
    """
    ratios = {
        name: result.speed.vs_fp32 for name, result in _passing(results).items() if result.speed
    }
    if not ratios:
        return None
    fastest = max(ratios.values())
    equal = [name for name, ratio in ratios.items() if ratio >= fastest * (1 - EQUALLY_FAST)]
    return min(
        equal,
        key=lambda name: (results[name].recipe.weight_limit > NARROW, results[name].delta_logp),
    )


def most_faithful(results: Mapping[str, Result]) -> str | None:
    """The closest to fp32 that passes."""
    passing = _passing(results)
    return min(passing, key=lambda name: passing[name].delta_logp, default=None)


def _passing(results: Mapping[str, Result]) -> dict[str, Result]:
    return {
        name: result
        for name, result in results.items()
        if result.gate.passed and result.recipe.weights != "fp32"
    }
