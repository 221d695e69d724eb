"""The arithmetic of recorded requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.load.measure import compared
from benchmarks.load.results import Capacity, Costs, Processes, Run, Spread
from benchmarks.load.summary import (
    Outcome,
    costs,
    group,
    groups,
    longest_without_answer,
    percentile,
    rates,
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


def used(run: Run, cpu_ms: float) -> Run:
    """The run, for which the processes used so much in all."""
    sent = run.groups["short"].sent
    return replace(run, processes=Processes(cpu_ms / sent, {}, {}, {}))


def test_runs_with_more_refusals_tell_what_one_costs(make_run: Callable[..., Run]) -> None:
    few = used(make_run(2.0, short={"200": 100, "503": 50}), 100 * 20 + 50 * 3)
    many = used(make_run(5.0, short={"200": 120, "503": 390, "408": 10}), 120 * 20 + 400 * 3)
    assert costs([few, many]) == Costs(20.0, 3.0)
    assert costs([few, many, make_run(0.8), make_run(long={"200": 1})]) == Costs(20.0, 3.0)


def test_runs_that_are_alike_do_not_tell_what_a_refusal_costs(make_run: Callable[..., Run]) -> None:
    few = used(make_run(2.0, short={"200": 100, "503": 50}), 5000)
    assert costs([few]) is None
    assert costs([few, used(make_run(4.0, short={"200": 200, "503": 100}), 9000)]) is None
    assert costs([few, replace(make_run(5.0, short={"503": 9}), processes=None)]) is None


def test_goodput_is_beside_the_capacities_before_and_after(
    make_run: Callable[..., Run], capacity: Capacity
) -> None:
    slower = replace(capacity, per_second=30.0, characters_per_second=500.0)
    assert compared(make_run(goodput=0.8), capacity, slower).goodput == 1.0
    mix = make_run(goodput=0.6, long={"200": 1})
    assert compared(mix, capacity, slower).goodput == 0.8
