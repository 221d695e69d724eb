"""How long a new sentence would wait for the engine.

The rate is learnt only while sentences wait, since an engine that is not full finishes fewer tokens
than it could, and each time over as many tokens as the engine holds, since one that has just filled
up finishes none at first. It follows a faster measurement at once and a slower one gradually: work
for clients that left before it was done counts for nothing, and must not make the engine look slow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PERIOD_S = 0.5  # the shortest time over which a rate is measured
FADING = 0.95  # of what the rate was, kept against a slower measurement


class Load:
    """Source tokens under way in one replica, and the rate at which a full engine finishes them.

    Thread-safe.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.tokens = 0  # waiting or being translated
        self.rate: float | None = None  # tokens a second; None until the engine has once been full
        self.since: float | None = (
            None  # when the engine was first seen full, without a pause since
        )
        self.finished = 0  # tokens since then
        self.gone = 0  # these and the ones given up

    def enter(self, tokens: int) -> None:
        """A sentence of so many tokens was handed to the engine."""
        with self.lock:
            self.tokens += tokens

    def leave(self, tokens: int, done: bool) -> None:
        """It was translated, or given up where not `done`."""
        with self.lock:
            self.tokens -= tokens
            self.finished += tokens if done else 0
            self.gone += tokens

    def observe(self, waiting: int) -> None:
        """So many tokens wait now. Called whenever sentences come or go."""
        with self.lock:
            now = self.clock()
            if not waiting or self.since is None:
                self.begin(now if waiting else None)
                return
            elapsed, held = now - self.since, self.tokens - waiting
            if elapsed >= PERIOD_S and self.gone >= held:
                self.rate = max(self.finished / elapsed, FADING * (self.rate or 0.0))
                self.begin(now)

    def begin(self, since: float | None) -> None:
        self.since, self.finished, self.gone = since, 0, 0

    def wait_s(self, waiting: int) -> float:
        """Seconds until `waiting` tokens are through; 0 while the rate is unknown."""
        return waiting / self.rate if self.rate else 0.0
