"""How a worker's time is shared between the lanes."""

from __future__ import annotations

import math

import pytest

from pipeline.decode.turns import BULK_SHARE, Turns


def spend(turns: Turns, count: int, *, bulk: float, interactive: float) -> list[str]:
    """The lanes of the next turns where both have jobs, and their turns take so many seconds."""
    lanes = []
    for _ in range(count):
        lane = turns.next(interactive=True, bulk=True)
        turns.note(lane, bulk if lane == "bulk" else interactive, beside=True)
        lanes.append(lane)
    return lanes


@pytest.mark.parametrize(("bulk", "interactive"), [(8.0, 1.0), (1.0, 1.0), (1.0, 8.0)])
def test_bulk_has_its_share_of_the_time_however_long_a_turn_is(
    bulk: float, interactive: float
) -> None:
    lanes = spend(Turns(), 3000, bulk=bulk, interactive=interactive)
    times = {"bulk": bulk * lanes.count("bulk")}
    times["interactive"] = interactive * lanes.count("interactive")
    assert times["bulk"] / sum(times.values()) == pytest.approx(BULK_SHARE, rel=0.02)


def test_the_turn_that_a_short_request_finds_under_way_counts() -> None:
    turns = Turns()
    for _ in range(5):
        turns.note("bulk", 4.0, beside=False)
    lanes = spend(turns, 40, bulk=4.0, interactive=1.0)
    assert lanes.index("bulk") == math.ceil(4.0 / BULK_SHARE - 4.0)  # the last of the five is paid


def test_time_that_bulk_did_not_want_gives_it_no_claim() -> None:
    turns = Turns()
    turns.note("interactive", 1000.0, beside=False)
    assert spend(turns, 9, bulk=4.0, interactive=1.0) == ["bulk"] + ["interactive"] * 8


def test_a_lane_without_jobs_has_no_turn() -> None:
    turns = Turns()
    assert turns.next(interactive=True, bulk=False) == "interactive"
    turns.note("bulk", 4.0, beside=True)
    assert turns.next(interactive=False, bulk=True) == "bulk"
