"""The time that a request has, and where it goes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pipeline.errors import DeadlineExceeded


class Deadline:
    """A point in time on this process's clock."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left; raises DeadlineExceeded where there are none."""
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise DeadlineExceeded("The time for this request passed")
        return seconds


@dataclass
class Timings:
    """Milliseconds that each stage of a request took, queues and hops included."""

    stages: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        """The time since the last lap belongs to `stage`."""
        spent = self.total() - sum(self.stages.values())
        self.stages[stage] = self.stages.get(stage, 0) + spent

    def total(self) -> float:
        return (time.perf_counter() - self.started) * 1000
