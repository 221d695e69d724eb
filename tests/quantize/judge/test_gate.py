"""What the gate refuses."""

from __future__ import annotations

from typing import Any

import pytest

from quantize.judge import gate
from tests.quantize.judge.conftest import MakeQuality


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_invariant": 0.99},
        {"delta_logp": 0.2},
        {"best_changed": 0.2},
        {"delta_bleu_lower95": -0.31},
        {"delta_chrf_lower95": -0.21},
        {"loops": {"count": 18, "fp32": 14, "only_here": 5, "only_fp32": 0}},
        {"empty": {"count": 9, "fp32": 1, "only_here": 9, "only_fp32": 1}},
        {"numbers": {"count": 30, "fp32": 10, "only_here": 25, "only_fp32": 5}},
        {"masks": {"count": 8, "fp32": 3, "only_here": 5, "only_fp32": 0}},
    ],
)
def test_each_loss_alone_fails_the_gate(quality: MakeQuality, changes: dict[str, Any]) -> None:
    assert gate.full(quality()).passed
    verdict = gate.full(quality(**changes))
    assert not verdict.passed
    assert len(verdict.failures) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"numbers": {"count": 12, "fp32": 10, "only_here": 12, "only_fp32": 10}},
        {"loops": {"count": 15, "fp32": 14, "only_here": 4, "only_fp32": 3}},
    ],
)
def test_counts_within_chance_pass(quality: MakeQuality, changes: dict[str, Any]) -> None:
    assert gate.full(quality(**changes)).passed


def test_the_quick_gate_looks_at_probabilities_and_batches(quality: MakeQuality) -> None:
    assert gate.quick(quality(delta_bleu_lower95=-3.0).faithfulness).passed
    found = quality(delta_logp=0.2, batch_invariant=0.5).faithfulness
    assert len(gate.quick(found).failures) == 2


def test_faults_are_counted_on_either_side() -> None:
    found = gate.count_fault([True, True, False, False], [True, False, True, False])
    assert found == gate.Fault(count=2, fp32=2, only_here=1, only_fp32=1)
