"""The time that a request has, and where it goes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from deployments.errors import TimedOut


class Deadline:
    """A point in time on this process's clock."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def share(self, fraction: float) -> Deadline:
        """A nearer one, after a fraction of the time that is left."""
        return Deadline(self.seconds() * fraction)

    def within(self, seconds: float) -> Deadline:
        """One that is at most so many seconds away."""
        return Deadline(min(seconds, self.seconds()))

    def seconds(self) -> float:
        """Seconds left, 0 once it has passed."""
        return max(0.0, self.at - time.monotonic())

    def left(self) -> float:
        """Seconds left; raises TimedOut where there are none."""
        seconds = self.seconds()
        if not seconds:
            raise TimedOut
        return seconds


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds that a request took, in all and in each stage, queues and hops included."""

    stages: Mapping[str, float]
    total_ms: float


class Stopwatch:
    """Runs from its creation."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """The time since the last lap belongs to `stage`."""
        spent = self._elapsed_ms() - sum(self._stages.values())
        self._stages[stage] = self._stages.get(stage, 0) + spent

    def read(self) -> Timings:
        """What it shows now; it runs on."""
        return Timings(dict(self._stages), self._elapsed_ms())

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000
