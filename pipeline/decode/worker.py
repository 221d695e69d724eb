"""One thread of the engine: jobs that are decoded together, joined and left between steps."""

from __future__ import annotations

from collections import deque

from pipeline.decode.batch import Batch
from pipeline.decode.lanes import Job
from pipeline.decode.search import make_search
from pipeline.decode.sessions import EncodedSource, Sessions


class JobBatch:
    """Jobs that share a batch and its search, by slot."""

    def __init__(self, sessions: Sessions, first: Job, batch: type[Batch]) -> None:
        """An empty one for jobs that are compatible with `first`."""
        self._first = first
        self._search = make_search(sessions.bundle.manifest, first.options)
        self._batch = batch(sessions, sessions.step, self._search.beam, self._search.candidates)
        self.jobs: list[Job] = []

    def takes(self, job: Job) -> bool:
        """Whether the job may join."""
        return job.compatible_with(self._first)

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
                self._finish(slot)
        batch.advance(tokens, parents)
        for slot in reversed(range(batch.size)):
            if done[slot] or self.jobs[slot].drop_if_unwanted():
                self._leave(slot)

    def _finish(self, slot: int) -> None:
        job = self.jobs[slot]
        if job.future.set_running_or_notify_cancel():
            job.future.set_result(self._search.result(slot))

    def _leave(self, slot: int) -> None:
        last = self._batch.leave(slot)
        if last != slot:
            self._search.move(last, slot)
            self.jobs[slot] = self.jobs[last]
        self.jobs.pop()


class Worker:
    """What one thread decodes: jobs handed to it, and jobs in its batch."""

    def __init__(self, sessions: Sessions, batch: type[Batch]) -> None:
        self._sessions, self._make_batch = sessions, batch
        self._batch: JobBatch | None = None
        self.joining: deque[Job] = deque()

    @property
    def jobs(self) -> list[Job]:
        """The jobs in its batch, by slot."""
        return self._batch.jobs if self._batch else []

    @property
    def held(self) -> list[Job]:
        """All jobs in its hands; for its own thread."""
        return [*self.jobs, *self.joining]

    @property
    def active(self) -> int:
        """The number of jobs in its hands; for any thread."""
        return len(self.jobs) + len(self.joining)

    def join(self) -> None:
        """Encode what was handed over and give it slots.

        The shortest sentences are first, so that little is padded.
        """
        self.joining = deque(sorted(self.joining, key=lambda job: len(job.ids)))
        for source in self._sessions.encode([job.ids for job in self.joining]):
            job = self.joining[0]
            if self._batch is None or not self._batch.takes(job):
                self._batch = JobBatch(self._sessions, job, self._make_batch)
            self._batch.join(job, source)
            self.joining.popleft()

    def step(self) -> None:
        """One step for all jobs in the batch; nothing where there are none."""
        if self._batch and self._batch.jobs:
            self._batch.step()
