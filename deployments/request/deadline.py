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
    """Milliseconds that a request took, in all and in each stage; waits and hops are `queue`."""

    stages: Mapping[str, float]
    total_ms: float


class Stopwatch:
    """Runs from its creation."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}
        self._noted: dict[str, float] = {}

    def note(self, stage: str, seconds: float) -> None:
        """So much of the lap under way belongs to `stage`; of several notes the longest counts,
        since they are of things that went on at once.
        """
        self._noted[stage] = max(self._noted.get(stage, 0), seconds * 1000)

    def lap(self, stage: str) -> None:
        """The time since the last lap belongs to `stage`, but for what was noted."""
        spent = self._elapsed_ms() - sum(self._stages.values())
        for noted, ms in self._noted.items():
            self._add(noted, min(ms, spent))
            spent -= min(ms, spent)
        self._noted.clear()
        self._add(stage, spent)

    def _add(self, stage: str, ms: float) -> None:
        self._stages[stage] = self._stages.get(stage, 0) + ms

    def read(self) -> Timings:
        """What it shows now; it runs on."""
        return Timings(dict(self._stages), self._elapsed_ms())

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000
