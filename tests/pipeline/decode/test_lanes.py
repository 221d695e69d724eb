"""Who may join, and what becomes of jobs that nobody waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait

import pytest

from pipeline.decode.lanes import LANES, MAX_BULK_ROWS, SWEEP_S, Job, Lane, Lanes, Load
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


def held(interactive: Sequence[Job] = (), bulk: Sequence[Job] = ()) -> dict[Lane, Load]:
    """The loads of a worker that holds these."""
    loads: dict[Lane, Load] = {"interactive": Load(), "bulk": Load()}
    for one in (*interactive, *bulk):
        loads[one.lane].add(one)
    return loads


def taken(
    lanes: Lanes, lane: Lane, loads: dict[Lane, Load] | None = None, budget: float = 1e9
) -> list[Job]:
    """All jobs that a worker takes one after the other; its loads grow."""
    loads = held() if loads is None else loads
    found = []
    while one := lanes.take(lane, loads, budget):
        loads[lane].add(one)
        found.append(one)
    return found


def test_each_lane_keeps_its_order() -> None:
    document, requests = [job("bulk"), job("bulk")], [job(), job()]
    lanes = filled(document[0], requests[0], document[1], requests[1])
    assert taken(lanes, "interactive") == requests
    assert taken(lanes, "bulk") == document
    assert len(lanes) == 0


def test_part_of_the_budget_is_closed_to_bulk() -> None:
    document = [job("bulk") for _ in range(9)]
    budget = 8 * document[0].cost
    loads = held()
    assert taken(filled(*document), "bulk", loads, budget) == document[:6]
    requests = [job() for _ in range(9)]
    assert taken(filled(*requests), "interactive", loads, budget) == requests[:2]


@pytest.mark.parametrize("waits", [True, False])
def test_part_of_the_budget_is_closed_to_interactive_jobs_while_there_is_bulk(waits: bool) -> None:
    requests, bulk = [job() for _ in range(9)], job("bulk")
    budget = 8 * bulk.cost
    assert taken(filled(*requests), "interactive", budget=budget) == requests[:8]
    lanes, loads = filled(*requests), held()
    if waits:
        lanes.add(bulk)
    else:
        loads["bulk"].add(bulk)
    assert taken(lanes, "interactive", loads, budget) == requests[:4]


def test_bulk_does_not_take_the_room_that_interactive_jobs_wait_for() -> None:
    small, large = job("bulk", length=1), job(length=30)
    budget = 8 * job().cost
    loads = held(bulk=[job("bulk")] * 5, interactive=[job()])
    lanes = filled(small, large)
    assert taken(lanes, "interactive", loads, budget) == taken(lanes, "bulk", loads, budget) == []
    loads = held(bulk=[job("bulk")] * 4, interactive=[job()])
    assert taken(lanes, "interactive", loads, budget) == [large]
    assert taken(lanes, "bulk", loads, budget) == [small]


def test_the_first_of_a_document_does_not_wait_for_ever_where_it_needs_much_room() -> None:
    large, requests = job("bulk", length=50), [job() for _ in range(9)]
    budget = large.cost + job().cost
    lanes = filled(large, *requests)
    loads = held(interactive=[job()] * 2)
    assert taken(lanes, "bulk", loads, budget) == taken(lanes, "interactive", loads, budget) == []
    loads = held(interactive=[job()])
    assert taken(lanes, "bulk", loads, budget) == [large]


def test_a_step_of_bulk_has_a_bounded_number_of_rows() -> None:
    document = [job("bulk", length=1) for _ in range(100)]
    rows = sum(one.options.beams for one in taken(filled(*document), "bulk"))
    assert rows == MAX_BULK_ROWS
    wide = Job((5,), DecodingOptions(beam_size=MAX_BULK_ROWS + 1), "bulk", None)
    assert taken(filled(wide, job("bulk")), "bulk") == [wide]


def test_nothing_overtakes_a_job_that_finds_no_room() -> None:
    large, small = job(length=50), job(length=1)
    lanes, budget = filled(large, small), large.cost + job().cost
    assert taken(lanes, "interactive", held([job(), job()]), budget) == []
    assert taken(lanes, "interactive", held([job()]), budget) == [large]


@pytest.mark.parametrize("lane", LANES)
def test_a_job_that_would_be_alone_is_taken_whatever_it_costs(lane: Lane) -> None:
    large = job(lane, length=50)
    assert taken(filled(large, job(lane)), lane, budget=1) == [large]


def test_unwanted_jobs_leave_from_anywhere_and_no_longer_count() -> None:
    now = time.monotonic()
    first, late, cancelled, last = job(), job(deadline=now), job("bulk"), job(deadline=now + 60)
    lanes = filled(first, late, cancelled, last)
    cancelled.future.cancel()
    assert lanes.sweep() == [late, cancelled]
    assert (len(lanes), lanes.tokens("interactive"), lanes.tokens("bulk")) == (2, 20, 0)
    assert taken(lanes, "interactive") == [first, last]


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
