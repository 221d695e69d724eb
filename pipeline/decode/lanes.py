"""Who goes first: the jobs that wait, and the rules by which they get their turn."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.errors import DeadlineExceeded, EngineStopped

Lane = Literal["interactive", "bulk"]
LANES: tuple[Lane, ...] = ("interactive", "bulk")  # in order of precedence
BULK_UNITS = 8  # a text of more sentences is a document: one-line requests go ahead of it
# Share of the token budget that is closed to bulk, so that a short request finds room at once.
RESERVED = 0.25
# Of the source tokens that join while both lanes wait, so many are bulk: however many short
# requests come, a document goes on.
BULK_SHARE = 0.25
OWED = 32.0  # source tokens, a sentence's: bulk has its turn when so many are its due
JOINS_A_STEP = 8  # encoding more at once would hold up the rows that are being decoded
FIRST_JOINS = 64  # where there are none: sentences that start together make the fullest batches
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

    @property
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


class Lanes:
    """Jobs that wait for a worker, in the order they came. The engine's lock guards it."""

    def __init__(self) -> None:
        self._queues: dict[Lane, deque[Job]] = {lane: deque() for lane in LANES}
        self._tokens: dict[Lane, int] = dict.fromkeys(LANES, 0)
        self._next_sweep = 0.0
        self._owed = 0.0  # source tokens of bulk that are to join before interactive ones

    def __len__(self) -> int:
        """The number of jobs."""
        return sum(map(len, self._queues.values()))

    def tokens(self, lane: Lane) -> int:
        """Source tokens of the jobs in `lane`."""
        return self._tokens[lane]

    def add(self, job: Job) -> None:
        """Let the job wait at the end of its lane."""
        self._queues[job.lane].append(job)
        self._tokens[job.lane] += len(job.ids)

    def take(self, budget: float, reserved: float, *, alone: bool) -> Job | None:
        """The next job, if it costs no more than `budget` tokens, or any that would be `alone`.

        Of the budget, `reserved` tokens are closed to bulk, but when its turn is due. Nothing
        overtakes a job that has its turn and finds no room: room that a smaller one took would be
        missing again.
        """
        interactive, bulk = self._queues["interactive"], self._queues["bulk"]
        if interactive and not (bulk and self._owed >= OWED):
            return self._pop("interactive", budget, alone=alone)
        if bulk:
            return self._pop("bulk", budget if interactive else budget - reserved, alone=alone)
        return None

    def _pop(self, lane: Lane, room: float, *, alone: bool) -> Job | None:
        queue = self._queues[lane]
        if not alone and queue[0].cost > room:
            return None
        job = queue.popleft()
        job.future.waited_s = time.monotonic() - job.since
        tokens = len(job.ids)
        self._tokens[lane] -= tokens
        if lane == "bulk":
            self._owed = max(0.0, self._owed - tokens)
        elif self._queues["bulk"]:
            self._owed = min(2 * OWED, self._owed + tokens * BULK_SHARE / (1 - BULK_SHARE))
        return job

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
