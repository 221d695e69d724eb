"""Which recipe is chosen."""

from __future__ import annotations

from quantize.judge.results import choose, most_faithful
from tests.quantize.judge.conftest import MakeResult


def test_the_fastest_that_passes_is_chosen(result: MakeResult) -> None:
    results = {
        "fp32": result("fp32", 1, 0),
        "dynamic-63": result("dynamic-63", 2.5, 0.03, batch_invariant=0.8),  # fails
        "static-63": result("static-63", 2.0, 0.04),
        "static-63-gptq": result("static-63-gptq", 1.98, 0.03),  # as fast, and closer
        "row-127": result("row-127", 1.99, 0.01),  # as fast here, not on every CPU
        "row-63": result("row-63", 1.7, 0.03),
    }
    assert choose(results) == "static-63-gptq"
    assert most_faithful(results) == "row-127"


def test_none_is_chosen_where_none_passes(result: MakeResult) -> None:
    results = {
        "fp32": result("fp32", 1, 0),
        "dynamic-63": result("dynamic-63", 2.5, 0.03, batch_invariant=0.8),
    }
    assert choose(results) is None
    assert most_faithful(results) is None
