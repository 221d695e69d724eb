"""How long a new sentence would wait for the engine.

The rate is learnt only while sentences wait, since an engine that is not full finishes fewer tokens
than it could.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PERIOD_S = 0.5  # the shortest time over which a rate is measured
WEIGHT = 0.3  # of the newest measurement


class Load:
    """Source tokens under way in one replica, and the rate at which a full engine finishes them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.tokens = 0  # waiting or being translated
        self.rate: float | None = None  # tokens a second; None until the engine has once been full
        self.since: float | None = None  # when the engine was first seen full, without a pause since
        self.finished = 0  # tokens since then

    def enter(self, tokens: int) -> None:
        self.tokens += tokens

    def leave(self, tokens: int, waiting: int, done: bool) -> None:
        """`tokens` have been translated, or given up where not `done`, while `waiting` tokens still wait."""
        self.tokens -= tokens
        if not waiting:
            self.since = None
            return
        now = self.clock()
        if self.since is None:
            self.since, self.finished = now, 0
            return
        self.finished += tokens if done else 0
        elapsed = now - self.since
        if elapsed >= PERIOD_S:
            measured = self.finished / elapsed
            self.rate = measured if self.rate is None else WEIGHT * measured + (1 - WEIGHT) * self.rate
            self.since, self.finished = now, 0

    def wait_s(self, waiting: int) -> float:
        """Seconds until `waiting` tokens are through; 0 while the rate is unknown."""
        return waiting / self.rate if self.rate else 0.0
