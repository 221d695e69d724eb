"""The arithmetic of recorded requests."""

from __future__ import annotations

import pytest

from benchmarks.load.results import Spread
from benchmarks.load.summary import (
    Outcome,
    group,
    groups,
    longest_without_answer,
    percentile,
    rates,
    refusal_cost_ms,
)


def answered(due: float, ended: float, characters: int = 10, sent: float = 0.0) -> Outcome:
    return Outcome("short", characters, due, sent or due, ended, "200")


def refused(seconds: float, retry_after: str | None, status: str = "503") -> Outcome:
    return Outcome("short", 10, 1.0, 1.0, 1.0 + seconds, status, retry_after)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)]
)
def test_a_percentile_is_the_value_of_nearest_rank(share: float, expected: int) -> None:
    assert percentile(range(100, 0, -1), share) == expected


def test_a_percentile_of_few_values_is_one_of_them() -> None:
    assert percentile([7.0], 0.5) == 7.0
    assert percentile([1.0, 9.0], 0.5) == 1.0
    assert percentile([1.0, 9.0], 0.51) == 9.0


def test_a_late_start_counts_as_latency() -> None:
    found = group([answered(due=1.0, sent=3.0, ended=3.5)])
    assert found.latency_ms == Spread(2500, 2500, 2500, 2500)


def test_only_what_is_answered_within_the_window_is_goodput() -> None:
    outcomes = [answered(0, 1), answered(1, 4), answered(3, 4.001), refused(0.1, "1")]
    assert rates(outcomes, 4.0) == (0.5, 5.0)


def test_the_longest_time_without_an_answer_has_both_ends_of_the_window() -> None:
    assert longest_without_answer([], 6.0) == 6.0
    assert longest_without_answer([answered(0, 2.5), answered(0, 3)], 6.0) == 3.0
    assert longest_without_answer([answered(0, 4), answered(0, 5)], 6.0) == 4.0
    late = [answered(0, 1), answered(0, 2), answered(0, 9)]
    assert longest_without_answer(late, 3.0) == 1.0


def test_every_end_has_its_name() -> None:
    ends = ["200", "503", "429", "500", "reset", "reset"]
    found = group([Outcome("short", 10, 0, 0, 1, end, None) for end in ends])
    assert (found.sent, found.answered, found.refused) == (6, 1, 2)
    assert found.ends == {"200": 1, "429": 1, "500": 1, "503": 1, "reset": 2}
    assert found.share == pytest.approx(1 / 6)


def test_what_refusals_promise_is_counted() -> None:
    found = group([refused(0.01, "1"), refused(0.02, "5"), refused(0.03, None)])
    assert found.refusals_with_retry_after == 2
    assert found.retry_after_s == (1.0, 5.0)
    assert found.refusal_ms is not None
    assert found.refusal_ms.p50 == 20
    assert found.latency_ms is None


def test_a_refusal_that_is_not_json_is_seen() -> None:
    plain = Outcome("short", 10, 0, 0, 1, "503", "1", is_json=False)
    assert group([plain, refused(0.1, "1")]).refusals_in_json == 1


def test_classes_are_kept_apart() -> None:
    long = Outcome("long", 2000, 0, 0, 9, "503", "1")
    found = groups([answered(0, 1), long, answered(0, 1)])
    assert {kind: each.sent for kind, each in found.items()} == {"short": 2, "long": 1}
    assert found["long"].share == 0
    assert found["short"].share == 1


def test_what_answers_do_not_explain_is_the_refusals_cost() -> None:
    assert refusal_cost_ms(10.0, answered=100, refused=400, answer_cpu_ms=80.0) == 5.0
    assert refusal_cost_ms(10.0, answered=100, refused=0, answer_cpu_ms=80.0) is None
