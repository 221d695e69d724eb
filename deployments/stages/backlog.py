"""How many source tokens a lane of the engine has, and how fast it finishes them when it is full.

An engine that is not full finishes fewer tokens than it could: that shows only how fast it is at
least. Each measurement is over as many tokens as the engine holds, since one that has just filled
up finishes none at first. The rate follows a faster measurement at once and a slower one of a full
engine gradually: work for clients that left before it was done counts for nothing, and must not
make the engine look slow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PERIOD_S = 0.5  # the shortest time over which the rate of a full engine is measured
LEAST_PERIOD_S = 2.0  # and of one that is not: what it holds at the ends must count for little
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
        self._since: float | None = None  # there has been work; None while there is none
        self._full = False  # sentences have waited all the time since then
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
            if not self.tokens or self._since is None:
                self._measure_from(now if self.tokens else None, full=waiting > 0)
                return
            self._full = self._full and waiting > 0
            elapsed, held = now - self._since, self.tokens - waiting
            period = PERIOD_S if self._full else LEAST_PERIOD_S
            if elapsed >= period and self._removed >= held:
                least = FADING * self.rate if self._full else self.rate
                self.rate = max(self._finished / elapsed, least)
                self._measure_from(now, full=waiting > 0)

    def _measure_from(self, start: float | None, *, full: bool) -> None:
        self._since, self._full, self._finished, self._removed = start, full, 0, 0
