"""Qualities and results as the judge measures them."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from quantize.int8.recipes import load_recipe
from quantize.judge.gate import Faithfulness, Fault, Quality, SetScores
from quantize.judge.results import Result
from quantize.judge.speed import Speed

FAITHFUL = {"batch_invariant": 1.0, "delta_logp": 0.02, "best_changed": 0.01}
POOLED = {
    "bleu": 10.0,
    "chrf": 30.0,
    "delta_bleu": 0.0,
    "delta_bleu_lower95": -0.1,
    "delta_bleu_upper95": 0.1,
    "delta_chrf": 0.0,
    "delta_chrf_lower95": -0.1,
}
FAULTS = ("loops", "empty", "lengths", "unknown", "numbers", "masks")


class MakeQuality(Protocol):
    def __call__(self, **changes: Any) -> Quality: ...


class MakeResult(Protocol):
    def __call__(self, name: str, ratio: float, logp: float, **changes: Any) -> Result: ...


def changed(values: dict[str, float], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: changes.get(name, value) for name, value in values.items()}


@pytest.fixture
def quality() -> MakeQuality:
    """A quality that passes the gate, but for the changes."""

    def make(**changes: Any) -> Quality:
        usual = {"count": 3, "fp32": 3, "only_here": 0, "only_fp32": 0}
        pooled = changed(POOLED, changes)
        return Quality(
            faithfulness=Faithfulness(**changed(FAITHFUL, changes)),
            exact_match=0.5,
            likeness=80,
            faults={name: Fault(**changes.get(name, usual)) for name in FAULTS},
            sets={"pooled": SetScores(**pooled, bleu_signature="b", chrf_signature="c")},
        )

    return make


@pytest.fixture
def result(quality: MakeQuality) -> MakeResult:
    """A recipe's result, from its speed and its |Δ log p| beside fp32."""

    def make(name: str, ratio: float, logp: float, **changes: Any) -> Result:
        return Result(
            recipe=load_recipe(name),
            size_bytes=1,
            peak_rss_bytes=1,
            quality=quality(delta_logp=logp, **changes),
            speed=Speed(cpu_seconds=1 / ratio, vs_fp32=ratio, lowest=ratio, highest=ratio),
        )

    return make
