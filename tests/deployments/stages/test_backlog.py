from __future__ import annotations

import math

from deployments.stages.backlog import Backlog


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def work(backlog: Backlog, clock: Clock, seconds: float, rate: float, waiting: int) -> None:
    """Sentences of 10 tokens leave at `rate` tokens a second; so many tokens wait all the time."""
    backlog.add(waiting + 10)
    backlog.observe(waiting)
    for _ in range(int(seconds * rate / 10)):
        clock.now += 10 / rate
        backlog.add(10)
        backlog.remove(10, finished=True)
        backlog.observe(waiting)
    backlog.remove(waiting + 10, finished=False)
    backlog.observe(0)


def test_an_engine_that_is_not_full_shows_how_fast_it_is_at_least() -> None:
    clock = Clock()
    backlog = Backlog(50, clock=clock)
    work(backlog, clock, 5, 100, waiting=0)
    assert math.isclose(backlog.rate, 100, rel_tol=0.05)
    work(backlog, clock, 5, 80, waiting=0)
    assert math.isclose(backlog.rate, 100, rel_tol=0.05)


def test_a_time_without_work_says_nothing() -> None:
    clock = Clock()
    backlog = Backlog(500, clock=clock)
    for _ in range(20):
        work(backlog, clock, 0.2, 100, waiting=50)
        clock.now += 10
    assert backlog.rate == 500


def test_learns_the_rate_of_a_full_engine() -> None:
    clock = Clock()
    backlog = Backlog(clock=clock)
    work(backlog, clock, 10, 500, waiting=50)
    assert math.isclose(backlog.rate, 500, rel_tol=0.05)


def test_does_not_take_an_engine_that_has_just_filled_up_for_a_slow_one() -> None:
    clock = Clock()
    backlog = Backlog(clock=clock)
    backlog.add(2000)
    backlog.observe(1500)
    for _ in range(3):  # the first of the 500 tokens that it holds
        clock.now += 0.5
        backlog.remove(10, finished=True)
        backlog.observe(1490)
        assert backlog.rate == 0
    backlog.remove(470, finished=True)  # the rest
    backlog.observe(1000)
    assert math.isclose(backlog.rate, 1000 / 3)


def test_does_not_take_an_idle_engine_for_a_slow_one() -> None:
    clock = Clock()
    backlog = Backlog(clock=clock)
    work(backlog, clock, 10, 500, waiting=50)
    work(backlog, clock, 10, 20, waiting=0)
    assert math.isclose(backlog.rate, 500, rel_tol=0.05)


def test_follows_a_changed_rate() -> None:
    clock = Clock()
    backlog = Backlog(clock=clock)
    work(backlog, clock, 10, 500, waiting=50)
    work(backlog, clock, 1, 1000, waiting=50)
    assert math.isclose(backlog.rate, 1000, rel_tol=0.05)
    work(backlog, clock, 30, 250, waiting=50)
    assert math.isclose(backlog.rate, 250, rel_tol=0.05)


def test_sentences_that_were_given_up_make_the_engine_look_neither_fast_nor_slow() -> None:
    clock = Clock()
    backlog = Backlog(clock=clock)
    work(backlog, clock, 10, 500, waiting=50)
    backlog.add(60)
    for _ in range(1000):
        clock.now += 0.001
        backlog.add(100)
        backlog.remove(100, finished=False)
        backlog.observe(50)
    assert 400 < backlog.rate <= 501
    assert backlog.tokens == 60
