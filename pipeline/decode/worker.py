"""One thread of the engine: jobs that are decoded together, joined and left between steps.

Jobs of one lane with as many beams share a batch: a step lasts as long as all rows of its batch
need, and a short request would pay for a document's. A lane's batches are stepped in turn, all
within one token budget, so nobody waits for a batch of others to end.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from pipeline.decode.batch import Batch
from pipeline.decode.lanes import LANES, Job, Lane, Load
from pipeline.decode.search import make_search
from pipeline.decode.sessions import EncodedSource, Sessions
from pipeline.decode.turns import Turns


class JobBatch:
    """Jobs that share a batch and its search, by slot."""

    def __init__(self, sessions: Sessions, first: Job, batch: type[Batch]) -> None:
        """An empty one for jobs of that one's lane and with options compatible with its own."""
        self.lane, self._options = first.lane, first.options
        self._search = make_search(sessions.bundle.manifest, first.options)
        self._batch = batch(sessions, sessions.step, self._search.beam, self._search.candidates)
        self.jobs: list[Job] = []

    def takes(self, job: Job) -> bool:
        """Whether the job may join."""
        return job.lane == self.lane and job.options.compatible_with(self._options)

    def join(self, job: Job, source: EncodedSource) -> None:
        """Give the job, whose sentence is `source`, a slot."""
        self._search.join(self._batch.join(source), job.options, job.limit)
        self.jobs.append(job)

    def step(self) -> None:
        """One step for all jobs. Those that are done get their result and leave.

        So do those that nobody waits for any more.
        """
        batch = self._batch
        batch.run()
        ids, logprobs = batch.top_ids[: batch.rows], batch.top_logprobs[: batch.rows]
        tokens, parents, done = self._search.advance(batch.size, ids, logprobs)
        for slot in reversed(range(batch.size)):
            if done[slot]:
                self.jobs[slot].finish(self._search.result(slot))
        batch.advance(tokens, parents)
        for slot in reversed(range(batch.size)):
            if done[slot] or self.jobs[slot].drop_if_unwanted():
                self._leave(slot)

    def trim(self) -> None:
        """Give back memory that the jobs do not need."""
        self._batch.trim()

    def _leave(self, slot: int) -> None:
        last = self._batch.leave(slot)
        if last != slot:
            self._search.move(last, slot)
            self.jobs[slot] = self.jobs[last]
        self.jobs.pop()


class Worker:
    """What one thread decodes: jobs handed to it, and jobs in its batches."""

    def __init__(
        self,
        sessions: Sessions,
        batch: type[Batch],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._sessions, self._make_batch, self._clock = sessions, batch, clock
        self._batches: list[JobBatch] = []  # in the order of their turns; replaced, never changed
        self._joining: dict[Lane, deque[Job]] = {lane: deque() for lane in LANES}
        self._turns = Turns()

    @property
    def held(self) -> list[Job]:
        """All jobs in its hands; for its own thread."""
        return [job for lane in LANES for job in self._held(lane)]

    def _held(self, lane: Lane) -> list[Job]:
        batches = (batch for batch in self._batches if batch.lane == lane)
        return [*(job for batch in batches for job in batch.jobs), *self._joining[lane]]

    @property
    def active(self) -> int:
        """The number of jobs in its hands; for any thread."""
        joining = sum(map(len, self._joining.values()))
        return sum(len(batch.jobs) for batch in self._batches) + joining

    @property
    def loads(self) -> dict[Lane, Load]:
        """What its jobs need; for its own thread."""
        loads = {lane: Load() for lane in LANES}
        for job in self.held:
            loads[job.lane].add(job)
        return loads

    def give(self, job: Job) -> None:
        """Let the job join when its lane has its turn."""
        self._joining[job.lane].append(job)

    def next_lane(self, *, bulk_waits: bool = False) -> Lane:
        """Whose turn it is, counting bulk that could be given to it."""
        return self._turns.next(
            interactive=bool(self._held("interactive")),
            bulk=bulk_waits or bool(self._held("bulk")),
        )

    def turn(self) -> None:
        """Go on with the lane whose turn it is.

        Bulk either joins or has a step, so that its turns are short.
        """
        lane = self.next_lane()
        beside = any(self._held(other) for other in LANES if other != lane)
        began = self._clock()
        joins = bool(self._joining[lane])
        if joins:
            self.join(lane)
        if not (joins and lane == "bulk"):
            self.step(lane)
        self._turns.note(lane, self._clock() - began, beside=beside)

    def join(self, lane: Lane) -> None:
        """Encode what was handed over of the lane and give it slots.

        The shortest sentences are first, so that little is padded.
        """
        wanted = [job for job in self._joining[lane] if not job.drop_if_unwanted()]
        joining = self._joining[lane] = deque(sorted(wanted, key=lambda job: len(job.ids)))
        for source in self._sessions.encode([job.ids for job in joining]):
            job = joining[0]
            self._batch_for(job).join(job, source)
            joining.popleft()

    def _batch_for(self, job: Job) -> JobBatch:
        for batch in self._batches:
            if batch.takes(job):
                return batch
        # Beside others, a batch keeps no memory that it does not need, and an empty one none.
        self._batches = [batch for batch in self._batches if batch.jobs]
        for batch in self._batches:
            batch.trim()
        new = JobBatch(self._sessions, job, self._make_batch)
        self._batches = [*self._batches, new]
        return new

    def step(self, lane: Lane) -> None:
        """One step of the lane's batch whose turn it is; nothing where it has no jobs."""
        batch = next((batch for batch in self._batches if batch.lane == lane and batch.jobs), None)
        if batch is None:
            return
        others = [other for other in self._batches if other is not batch]
        batch.step()
        if others:
            batch.trim()
            self._batches = [*others, batch] if batch.jobs else others
