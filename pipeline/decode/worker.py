"""One thread of the engine: jobs that are decoded together, joined and left between steps.

Jobs with as many beams share a batch. A worker steps its batches in turn, all within one token
budget, so nobody waits for a batch of others to end.
"""

from __future__ import annotations

from collections import deque

from pipeline.decode.batch import Batch
from pipeline.decode.lanes import Job
from pipeline.decode.options import DecodingOptions
from pipeline.decode.search import make_search
from pipeline.decode.sessions import EncodedSource, Sessions


class JobBatch:
    """Jobs that share a batch and its search, by slot."""

    def __init__(self, sessions: Sessions, options: DecodingOptions, batch: type[Batch]) -> None:
        """An empty one for jobs whose options are compatible with `options`."""
        self._options = options
        self._search = make_search(sessions.bundle.manifest, options)
        self._batch = batch(sessions, sessions.step, self._search.beam, self._search.candidates)
        self.jobs: list[Job] = []

    def takes(self, job: Job) -> bool:
        """Whether the job may join."""
        return job.options.compatible_with(self._options)

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

    def __init__(self, sessions: Sessions, batch: type[Batch]) -> None:
        self._sessions, self._make_batch = sessions, batch
        self._batches: list[JobBatch] = []  # in the order of their turns; replaced, never changed
        self.joining: deque[Job] = deque()

    @property
    def held(self) -> list[Job]:
        """All jobs in its hands; for its own thread."""
        return [*(job for batch in self._batches for job in batch.jobs), *self.joining]

    @property
    def active(self) -> int:
        """The number of jobs in its hands; for any thread."""
        return sum(len(batch.jobs) for batch in self._batches) + len(self.joining)

    @property
    def cost(self) -> int:
        """Tokens that its jobs are expected to hold; for its own thread."""
        return sum(job.cost for job in self.held)

    def join(self) -> None:
        """Encode what was handed over and give it slots.

        The shortest sentences are first, so that little is padded.
        """
        wanted = [job for job in self.joining if not job.drop_if_unwanted()]
        self.joining = deque(sorted(wanted, key=lambda job: len(job.ids)))
        for source in self._sessions.encode([job.ids for job in self.joining]):
            job = self.joining[0]
            self._batch_for(job).join(job, source)
            self.joining.popleft()

    def _batch_for(self, job: Job) -> JobBatch:
        for batch in self._batches:
            if batch.takes(job):
                return batch
        # Beside others, a batch keeps no memory that it does not need, and an empty one none.
        self._batches = [batch for batch in self._batches if batch.jobs]
        for batch in self._batches:
            batch.trim()
        new = JobBatch(self._sessions, job.options, self._make_batch)
        self._batches = [*self._batches, new]
        return new

    def step(self) -> None:
        """One step of the batch whose turn it is; nothing where there are no jobs."""
        if not self._batches or not self._batches[0].jobs:
            return
        batch, *others = self._batches
        batch.step()
        if others:
            batch.trim()
            self._batches = [*others, batch] if batch.jobs else others
