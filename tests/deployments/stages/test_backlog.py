from __future__ import annotations

import math

from deployments.stages.backlog import Load


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def work(load: Load, clock: Clock, seconds: float, rate: float, waiting: int) -> None:
    """Sentences of 10 tokens leave at `rate` tokens a second."""
    for _ in range(int(seconds * rate / 10)):
        clock.now += 10 / rate
        load.enter(10)
        load.leave(10, done=True)
        load.observe(waiting)


def test_expects_no_wait_before_the_engine_was_ever_full() -> None:
    clock = Clock()
    load = Load(clock)
    work(load, clock, 5, 100, waiting=0)
    assert load.wait_s(10_000) == 0


def test_learns_the_rate_of_a_full_engine() -> None:
    clock = Clock()
    load = Load(clock)
    work(load, clock, 10, 500, waiting=50)
    assert math.isclose(load.wait_s(1000), 2, rel_tol=0.05)


def test_does_not_take_an_engine_that_has_just_filled_up_for_a_slow_one() -> None:
    clock = Clock()
    load = Load(clock)
    load.enter(2000)
    load.observe(1500)
    for _ in range(3):  # the first of the 500 tokens that it holds
        clock.now += 0.5
        load.leave(10, done=True)
        load.observe(1490)
        assert load.wait_s(1490) == 0
    load.leave(470, done=True)  # the rest
    load.observe(1000)
    assert math.isclose(load.wait_s(1000), 3)


def test_does_not_take_an_idle_engine_for_a_slow_one() -> None:
    clock = Clock()
    load = Load(clock)
    work(load, clock, 10, 500, waiting=50)
    work(load, clock, 10, 20, waiting=0)
    assert math.isclose(load.wait_s(1000), 2, rel_tol=0.05)


def test_follows_a_changed_rate() -> None:
    clock = Clock()
    load = Load(clock)
    work(load, clock, 10, 500, waiting=50)
    work(load, clock, 1, 1000, waiting=50)
    assert math.isclose(load.wait_s(1000), 1, rel_tol=0.05)
    work(load, clock, 30, 250, waiting=50)
    assert math.isclose(load.wait_s(1000), 4, rel_tol=0.05)


def test_sentences_that_were_given_up_make_the_engine_look_neither_fast_nor_slow() -> None:
    clock = Clock()
    load = Load(clock)
    work(load, clock, 10, 500, waiting=50)
    for _ in range(1000):
        clock.now += 0.001
        load.enter(100)
        load.leave(100, done=False)
        load.observe(50)
    assert 2 <= load.wait_s(1000) < 2.5
    assert load.tokens == 0
