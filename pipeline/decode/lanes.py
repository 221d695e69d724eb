"""Who goes first: the jobs that wait, and the rules by which they get their turn."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.errors import DeadlineExceeded, EngineStopped

Lane = Literal["interactive", "bulk"]
LANES: tuple[Lane, ...] = ("interactive", "bulk")  # in order of precedence
BULK_UNITS = 8  # a text of more sentences is a document: one-line requests go ahead of it
# Shares of a worker's token budget that are closed to a lane: to bulk at all times, so that a short
# request finds room at once; to interactive jobs while there is bulk, or its batch would be too
# small to use its time well.
CLOSED: Mapping[Lane, float] = {"bulk": 0.25, "interactive": 0.4}
# Whoever comes during a step of bulk waits for its end. With more rows it takes longer, and about
# as long for each.
MAX_BULK_ROWS = 64
SWEEP_S = 0.2  # how often all that wait are looked at for deadlines and cancellations


def lane_for(units: int) -> Lane:
    """The lane for a request of `units` sentences."""
    return "bulk" if units > BULK_UNITS else "interactive"


class Pending(Future[tuple[Hypothesis, ...]]):
    """A sentence's hypotheses to come. `waited_s` is how long it waited for its turn, once it had
    that.
    """

    waited_s = 0.0


@dataclass(eq=False)
class Job:
    """A sentence on its way through the engine, and the future that its caller awaits."""

    ids: tuple[int, ...]  # of the source, without the end symbol
    options: DecodingOptions
    lane: Lane
    deadline: float | None  # on the monotonic clock
    future: Pending = field(default_factory=Pending)
    since: float = field(default_factory=time.monotonic)

    @property
    def limit(self) -> int:
        """Most target tokens, the end symbol included."""
        return self.options.limit(len(self.ids))

    @cached_property
    def cost(self) -> int:
        """Tokens it is expected to hold in the cache, over its beams."""
        target = min(self.limit, 2 * len(self.ids) + 8)
        return self.options.beams * (len(self.ids) + 1 + target)

    def unwanted(self, now: float) -> bool:
        """Whether its caller cancelled it or its deadline has passed by `now`."""
        return (self.deadline is not None and self.deadline <= now) or self.future.cancelled()

    def drop_if_unwanted(self) -> bool:
        """Whether it is unwanted. A passed deadline fails the future with DeadlineExceeded."""
        if not self.unwanted(time.monotonic()):
            return False
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(
                DeadlineExceeded("the time given for this translation has passed")
            )
        return True

    def finish(self, hypotheses: tuple[Hypothesis, ...]) -> None:
        """Give the caller its result, unless it cancelled."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_result(hypotheses)

    def stop(self) -> None:
        """Fail the future with EngineStopped, unless it is done or cancelled."""
        with suppress(InvalidStateError):
            self.future.set_exception(
                EngineStopped("the engine was stopped before this sentence was done")
            )


@dataclass(slots=True)
class Load:
    """What a worker holds of a lane."""

    tokens: int = 0  # that its jobs are expected to hold in the cache
    rows: int = 0

    def add(self, job: Job) -> None:
        """Count the job too."""
        self.tokens += job.cost
        self.rows += job.options.beams


class Lanes:
    """Jobs that wait for a worker, in the order they came. The engine's lock guards it."""

    def __init__(self) -> None:
        self._queues: dict[Lane, deque[Job]] = {lane: deque() for lane in LANES}
        self._tokens: dict[Lane, int] = dict.fromkeys(LANES, 0)
        self._next_sweep = 0.0

    def __len__(self) -> int:
        """The number of jobs."""
        return sum(map(len, self._queues.values()))

    def waiting(self, lane: Lane) -> int:
        """The number of jobs in `lane`."""
        return len(self._queues[lane])

    def tokens(self, lane: Lane) -> int:
        """Source tokens of the jobs in `lane`."""
        return self._tokens[lane]

    def add(self, job: Job) -> None:
        """Let the job wait at the end of its lane."""
        self._queues[job.lane].append(job)
        self._tokens[job.lane] += len(job.ids)

    def take(self, lane: Lane, held: Mapping[Lane, Load], budget: float) -> Job | None:
        """The next job of `lane`, where a worker that holds so much has room for it.

        The worker's `budget` is in tokens. An empty worker has room for any job. Nothing joins
        while the other lane only waits for what this one holds: room that a smaller job took
        would be missing again. For interactive jobs that is so at all times, for bulk where the
        worker holds none of it.
        """
        other: Lane = "bulk" if lane == "interactive" else "interactive"
        precedes = other == "interactive" or not held["bulk"].rows
        if precedes and self._allowed(other, held, budget) and not self._fits(other, held, budget):
            return None
        if not (self._allowed(lane, held, budget) and self._fits(lane, held, budget)):
            return None
        job = self._queues[lane].popleft()
        job.future.waited_s = time.monotonic() - job.since
        self._tokens[lane] -= len(job.ids)
        return job

    def _allowed(self, lane: Lane, held: Mapping[Lane, Load], budget: float) -> bool:
        """Whether there is a next job, and it stays within its lane's part of the budget.

        The first of a lane does.
        """
        queue, own = self._queues[lane], held[lane]
        if not queue or not own.rows:
            return bool(queue)
        shared = bool(lane == "bulk" or held["bulk"].rows or self._queues["bulk"])
        if own.tokens + queue[0].cost > budget * (1 - CLOSED[lane] * shared):
            return False
        return lane == "interactive" or own.rows + queue[0].options.beams <= MAX_BULK_ROWS

    def _fits(self, lane: Lane, held: Mapping[Lane, Load], budget: float) -> bool:
        """Whether the next job of the lane finds room beside all others."""
        tokens = sum(load.tokens for load in held.values())
        return not tokens or tokens + self._queues[lane][0].cost <= budget

    def sweep(self) -> list[Job]:
        """Take out the jobs that nobody waits for any more, wherever they stand.

        It looks at them every SWEEP_S seconds; calls in between find none.
        """
        now = time.monotonic()
        if now < self._next_sweep:
            return []
        self._next_sweep = now + SWEEP_S
        swept = [job for queue in self._queues.values() for job in queue if job.unwanted(now)]
        if swept:
            unwanted = set(swept)
            for job in self.clear():
                if job not in unwanted:
                    self.add(job)
        return swept

    def clear(self) -> list[Job]:
        """Take out all jobs, in the order of the lanes."""
        jobs = [job for queue in self._queues.values() for job in queue]
        for lane, queue in self._queues.items():
            queue.clear()
            self._tokens[lane] = 0
        return jobs
