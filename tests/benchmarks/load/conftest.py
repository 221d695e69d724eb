"""Recorded figures that the tests of the benchmark share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.load.results import Capacity, Costs, Found, Processes, Recovery, Run, Sender
from benchmarks.load.summary import Outcome, group, groups

SENDER = Sender(cpu_percent=4.0, lag_p95_ms=1.0, lag_max_ms=3.0, connections=40, first=True)
PROCESSES = Processes(30.0, {"translate": 20.0, "proxy": 10.0}, {"translate": 200.0}, {"Ray": 9.0})


def outcomes(kind: str, characters: int, ends: dict[str, int], seconds: float) -> list[Outcome]:
    """So many requests with each end, all due at 1 s and over after `seconds`."""
    return [
        Outcome(kind, characters, 1.0, 1.0, 1.0 + seconds, end, "1" if end == "503" else None)
        for end, count in ends.items()
        for _ in range(count)
    ]


@pytest.fixture
def capacity() -> Capacity:
    """Fifty answers a second."""
    return Capacity(
        32, 50.0, 1000.0, group(outcomes("short", 20, {"200": 500}, 0.6)), SENDER, PROCESSES
    )


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """Makes a run of twice the capacity in which all is well, but for what a test names."""

    def make(
        load: float = 2.0,
        goodput: float = 0.97,
        short: dict[str, int] | None = None,
        long: dict[str, int] | None = None,
        refused_after_s: float = 0.02,
        normal_s: float | None = 1.5,
    ) -> Run:
        found = []
        for kind, characters, ends in (("short", 20, short), ("long", 2000, long)):
            if ends is None and kind == "short":
                ends = {"200": 50, "503": 50}
            for end, count in (ends or {}).items():
                seconds = refused_after_s if end in ("503", "429") else 1.0
                found += outcomes(kind, characters, {end: count}, seconds)
        return Run(
            name=f"{load:g}×",
            load=load,
            rate=100.0,
            seconds=6.0,
            goodput=goodput,
            groups=groups(found),
            longest_without_answer_s=0.4,
            drain_s=2.0,
            recovery=Recovery(0.5, normal_s),
            sender=SENDER,
            processes=PROCESSES,
        )

    return make


@pytest.fixture
def make_found(capacity: Capacity) -> Callable[..., Found]:
    """Makes a whole result of some runs."""

    def make(*runs: Run, label: str = "this state") -> Found:
        machine = {"cpu": "a CPU", "cores": 2, "load": 0.5, "versions": {"ray": "2.60.0"}}
        return Found(
            label, machine, {"seconds": 6.0}, 90.0, [capacity] * 2, list(runs), Costs(22.0, 2.0)
        )

    return make
