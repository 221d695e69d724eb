"""Whose turn it is, and what becomes of jobs that nobody waits for."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import wait

import pytest

from pipeline.decode.lanes import SWEEP_S, Job, Lane, Lanes
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.errors import DeadlineExceeded, EngineStopped

RESULT = (Hypothesis((5,), -1.0, 2),)


def job(lane: Lane = "interactive", length: int = 10, deadline: float | None = None) -> Job:
    return Job((5,) * length, DecodingOptions(), lane, deadline)


def filled(*jobs: Job) -> Lanes:
    lanes = Lanes()
    for one in jobs:
        lanes.add(one)
    return lanes


def taken(lanes: Lanes, budget: float = 1e9, reserved: float = 0) -> list[Job]:
    found = []
    while one := lanes.take(budget, reserved, alone=False):
        found.append(one)
    return found


def test_interactive_jobs_go_first_and_each_lane_keeps_its_order() -> None:
    document, requests = [job("bulk"), job("bulk")], [job(), job()]
    lanes = filled(document[0], requests[0], document[1], requests[1])
    assert taken(lanes) == [*requests, *document]
    assert len(lanes) == 0


def test_bulk_has_its_share_while_interactive_jobs_wait() -> None:
    lanes = filled(*(job("bulk") for _ in range(100)), *(job() for _ in range(300)))
    order = [one.lane for one in taken(lanes)][:200]
    assert order[:9] == ["interactive"] * 9  # a short request does not wait for a document
    assert 45 <= order.count("bulk") <= 50


def test_what_bulk_was_owed_before_it_waited_does_not_count() -> None:
    lanes = filled(*(job() for _ in range(100)))
    taken(lanes)
    document, request = job("bulk"), job()
    lanes.add(document)
    lanes.add(request)
    assert taken(lanes) == [request, document]


def test_when_it_is_its_turn_bulk_finds_room_in_a_full_batch() -> None:
    lanes = filled(job("bulk"), *(job() for _ in range(20)))
    budget = job().cost
    order = []
    while one := lanes.take(budget, reserved=budget, alone=False):
        order.append(one.lane)
    assert order.index("bulk") == 10


def test_part_of_the_budget_is_closed_to_bulk() -> None:
    bulk, short = job("bulk"), job()
    budget = bulk.cost + 5
    assert taken(filled(bulk), budget, reserved=6) == []
    assert taken(filled(bulk), budget, reserved=5) == [bulk]
    assert taken(filled(short), budget, reserved=6) == [short]


def test_nothing_overtakes_a_job_that_finds_no_room() -> None:
    large, small, bulk = job(length=50), job(length=1), job("bulk", length=1)
    lanes = filled(bulk, large, small)
    assert taken(lanes, budget=large.cost - 1) == []
    assert taken(lanes, budget=large.cost) == [large, small, bulk]


def test_a_job_that_would_be_alone_is_taken_whatever_it_costs() -> None:
    large = job("bulk", length=50)
    assert filled(large).take(1, 1, alone=True) is large


def test_unwanted_jobs_leave_from_anywhere_and_no_longer_count() -> None:
    now = time.monotonic()
    first, late, cancelled, last = job(), job(deadline=now), job("bulk"), job(deadline=now + 60)
    lanes = filled(first, late, cancelled, last)
    cancelled.future.cancel()
    assert lanes.sweep() == [late, cancelled]
    assert (len(lanes), lanes.tokens("interactive"), lanes.tokens("bulk")) == (2, 20, 0)
    assert taken(lanes) == [first, last]


def test_jobs_that_wait_are_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    late = job(deadline=100.01)
    lanes = filled(late)
    assert lanes.sweep() == []
    clock[0] += SWEEP_S / 2
    assert lanes.sweep() == []
    clock[0] += SWEEP_S
    assert lanes.sweep() == [late]


def cancel(one: Job) -> None:
    assert one.future.cancel()


@pytest.mark.parametrize(
    "before",
    [
        Job.drop_if_unwanted,
        cancel,
        lambda one: one.future.set_running_or_notify_cancel(),
        lambda one: one.finish(RESULT),
        lambda one: one.stop(),
    ],
)
def test_stopping_leaves_no_caller_waiting_whatever_came_before(
    before: Callable[[Job], object],
) -> None:
    one = job()
    before(one)
    one.stop()
    one.stop()
    assert one.future.done()


def test_a_dropped_job_says_why() -> None:
    late = job(deadline=time.monotonic())
    assert late.drop_if_unwanted()
    assert isinstance(late.future.exception(timeout=0), DeadlineExceeded)
    wanted = job(deadline=time.monotonic() + 60)
    assert not wanted.drop_if_unwanted()
    wanted.stop()
    assert isinstance(wanted.future.exception(timeout=0), EngineStopped)


@pytest.mark.parametrize("notice", [Job.drop_if_unwanted, lambda one: one.finish(RESULT)])
def test_those_who_wait_for_several_futures_hear_of_a_cancelled_one(
    notice: Callable[[Job], object],
) -> None:
    one = job()
    cancel(one)
    notice(one)
    assert wait([one.future], timeout=0).done
