"""Where a request's time goes."""

import time

import pytest

from deployments.request.deadline import Stopwatch


def test_what_was_noted_in_a_lap_is_taken_from_it() -> None:
    stopwatch = Stopwatch()
    time.sleep(0.05)
    stopwatch.note("queue", 0.01)
    stopwatch.note("queue", 0.02)
    stopwatch.lap("decode")
    found = stopwatch.read()
    assert found.stages["queue"] == pytest.approx(20)
    assert found.stages["decode"] >= 29
    assert sum(found.stages.values()) <= found.total_ms


def test_a_note_longer_than_its_lap_takes_all_of_it() -> None:
    stopwatch = Stopwatch()
    stopwatch.note("queue", 60)
    stopwatch.lap("decode")
    assert stopwatch.read().stages["decode"] == 0
    assert 0 <= stopwatch.read().stages["queue"] < 60_000


def test_a_note_counts_for_its_own_lap_only() -> None:
    stopwatch = Stopwatch()
    stopwatch.note("queue", 60)
    stopwatch.lap("decode")
    waited = stopwatch.read().stages["queue"]
    stopwatch.lap("detokenise")
    assert stopwatch.read().stages["queue"] == waited
