"""One thread of the engine: sentences that are decoded together, joined and left between steps."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from pipeline.decode.batch import Batch
from pipeline.decode.lanes import Lane
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search import Search, make_search
from pipeline.decode.sessions import Sessions
from pipeline.errors import DeadlineExceeded, EngineStopped


@dataclass(eq=False)
class Job:
    """A sentence on its way through the engine, and the future that its caller awaits."""

    ids: tuple[int, ...]
    options: DecodingOptions
    lane: Lane
    deadline: float | None
    future: Future[tuple[Hypothesis, ...]] = field(default_factory=Future)

    @property
    def limit(self) -> int:
        return self.options.limit(len(self.ids))

    @property
    def cost(self) -> int:
        """Tokens it is expected to hold in the cache, over its beams."""
        target = min(self.limit, 2 * len(self.ids) + 8)
        return (1 if self.options.greedy else self.options.beam_size) * (len(self.ids) + 1 + target)

    @property
    def dropped(self) -> bool:
        """True if nobody waits for it any more; one whose deadline has passed is told so."""
        if self.future.cancelled():
            return True
        if self.deadline is None or time.monotonic() < self.deadline:
            return False
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(
                DeadlineExceeded("the time given for this translation has passed")
            )
        return True

    def together(self, other: Job) -> bool:
        """Whether both may be rows of one batch."""
        mine, its = self.options, other.options
        return (mine.greedy, mine.beam_size) == (its.greedy, its.beam_size)

    def fail(self) -> None:
        """Tell a caller who still waits that the engine stops."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(
                EngineStopped("the engine was stopped before this sentence was done")
            )


class Worker:
    """One thread's batch. `joining` jobs were handed to it, `jobs` are in the batch, by slot."""

    def __init__(self, sessions: Sessions, batch: type[Batch]) -> None:
        self._sessions, self._make_batch = sessions, batch
        self.joining: deque[Job] = deque()
        self.jobs: list[Job] = []
        self._batch: Batch | None = None
        self._search: Search | None = None

    @property
    def held(self) -> list[Job]:
        """All sentences in its hands; for its own thread."""
        return [*self.jobs, *self.joining]

    @property
    def active(self) -> int:
        """How many sentences it holds, for any thread."""
        return len(self.jobs) + len(self.joining)

    def join(self) -> None:
        """Encode what was handed over, the shortest first so that little is padded, and give it
        slots.
        """
        self.joining = deque(sorted(self.joining, key=lambda job: len(job.ids)))
        for encoded in self._sessions.encode([job.ids for job in self.joining]):
            job = self.joining[0]
            if not self.jobs:
                self._begin(job.options)
            assert self._batch is not None and self._search is not None
            self._search.join(self._batch.join(encoded), job.options, job.limit)
            self.jobs.append(self.joining.popleft())

    def _begin(self, options: DecodingOptions) -> None:
        """An empty batch for these options; the buffers of the last one are kept where they fit."""
        search = make_search(self._sessions.bundle.manifest, options)
        if self._batch is None or (self._batch.beam, self._batch.candidates) != (
            search.beam,
            search.candidates,
        ):
            self._batch = self._make_batch(
                self._sessions, self._sessions.step, search.beam, search.candidates
            )
        self._search = search

    def step(self) -> None:
        """One step for all; sentences that are done give their results, and dropped ones leave."""
        if not self.jobs:
            return
        assert self._batch is not None and self._search is not None
        batch = self._batch
        batch.run()
        rows = batch.rows
        ids, logprobs = batch.top_ids[:rows], batch.top_logprobs[:rows]
        tokens, parents, done = self._search.advance(batch.size, ids, logprobs)
        for slot in reversed(range(batch.size)):
            if done[slot]:
                self._finish(slot)
        batch.advance(tokens, parents)
        for slot in reversed(range(batch.size)):
            if done[slot] or self.jobs[slot].dropped:
                self._leave(slot)

    def _finish(self, slot: int) -> None:
        assert self._search is not None
        job = self.jobs[slot]
        if job.future.set_running_or_notify_cancel():
            job.future.set_result(self._search.result(slot))

    def _leave(self, slot: int) -> None:
        assert self._batch is not None and self._search is not None
        last = self._batch.leave(slot)
        if last != slot:
            self._search.move(last, slot)
            self.jobs[slot] = self.jobs[last]
        self.jobs.pop()
