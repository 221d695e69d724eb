"""How many source tokens a lane of the engine has, and how fast it finishes them when it is full.

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


class Backlog:
    """Source tokens under way in one lane of a replica, and their rate.

    Thread-safe. `rate` is a first estimate, in tokens a second; 0 where there is none.
    """

    def __init__(self, rate: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.tokens = 0  # waiting or being translated
        self.rate = rate
        self._full_since: float | None = None  # None while nothing waits
        self._finished = 0  # tokens translated since then
        self._removed = 0  # these and the ones given up

    def add(self, tokens: int) -> None:
        """A sentence of so many tokens was handed to the engine."""
        with self._lock:
            self.tokens += tokens

    def remove(self, tokens: int, *, finished: bool) -> None:
        """It was translated, or given up where not `finished`."""
        with self._lock:
            self.tokens -= tokens
            self._finished += tokens if finished else 0
            self._removed += tokens

    def observe(self, waiting: int) -> None:
        """So many tokens wait now. Called whenever sentences come or go."""
        with self._lock:
            now = self._clock()
            if not waiting or self._full_since is None:
                self._measure_from(now if waiting else None)
                return
            elapsed, held = now - self._full_since, self.tokens - waiting
            if elapsed >= PERIOD_S and self._removed >= held:
                self.rate = max(self._finished / elapsed, FADING * self.rate)
                self._measure_from(now)

    def _measure_from(self, start: float | None) -> None:
        self._full_since, self._finished, self._removed = start, 0, 0
