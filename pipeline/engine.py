"""The decode engine: in-flight batching over a bundle's sessions.

1. A submitted sentence waits in one of two lanes: `interactive` or `bulk` (sentences of long documents).
2. Each worker thread runs one batch, one step at a time; between steps finished sentences leave, those
   whose caller left or whose deadline passed are dropped, and waiting ones join.
3. A token budget bounds a batch, not a row count; bulk may fill only part of it, and interactive sentences
   join first, so that a one-line request overtakes a document that came before it.
4. A failure in a worker fails the sentences it held and makes `check` raise: the replica is replaced.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from pipeline.batch import Batch
from pipeline.bundle import Bundle, Decoding
from pipeline.errors import DeadlineExceeded, EngineStopped, InvalidText
from pipeline.search import Search, make_search
from pipeline.session import Sessions
from pipeline.types import DecodingOptions, Hypothesis

Lane = Literal["interactive", "bulk"]
RESERVED = 0.25  # of the token budget is closed to bulk, so that a short request finds room at once
JOINS_A_STEP = 8  # encoding more at once would hold up the rows that are being decoded


@dataclass(frozen=True)
class EngineSettings:
    """`workers`: threads that decode, one a CPU. `max_batch_tokens`: tokens cached by a worker, over all beams."""

    workers: int = 1
    max_batch_tokens: int = 8192


@dataclass(frozen=True)
class EngineStats:
    waiting: int  # sentences in the lanes
    waiting_tokens: int  # their source tokens
    interactive_tokens: int  # of these, the ones that go first
    active: int  # sentences being decoded


@dataclass(eq=False)
class _Job:
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
            self.future.set_exception(DeadlineExceeded("the time given for this translation has passed"))
        return True

    def together(self, other: _Job) -> bool:
        """Whether both may be rows of one batch."""
        mine, its = self.options, other.options
        return (mine.greedy, mine.beam_size) == (its.greedy, its.beam_size)


def default_options(decoding: Decoding) -> DecodingOptions:
    """What the bundle recommends."""
    return DecodingOptions(
        beam_size=decoding.beam_size,
        length_penalty=decoding.length_penalty,
        max_length=decoding.max_length,
        length_ratio=decoding.length_ratio,
        length_margin=decoding.length_margin,
    )


class Engine:
    """Thread-safe. `submit` never blocks; results come through futures."""

    def __init__(self, sessions: Sessions, settings: EngineSettings, batch: type[Batch] = Batch) -> None:
        decoding = sessions.bundle.manifest.decoding
        self.sessions, self.settings, self._batch = sessions, settings, batch
        self.defaults = default_options(decoding)
        self._max_source = decoding.max_source_length
        self._reserve = RESERVED * settings.max_batch_tokens
        self._lanes: dict[Lane, deque[_Job]] = {"interactive": deque(), "bulk": deque()}  # in order of precedence
        self._work = threading.Condition()
        self._open, self._failed, self._active = True, False, 0
        self._workers = [
            threading.Thread(target=self._run, name=f"decode-{n}", daemon=True) for n in range(settings.workers)
        ]
        for worker in self._workers:
            worker.start()

    @staticmethod
    def load(bundle: Bundle, settings: EngineSettings | None = None) -> Engine:
        """Open the sessions and translate one token, so that the first request finds everything in place."""
        engine = Engine(Sessions(bundle), settings or EngineSettings())
        engine.submit([bundle.manifest.decoding.end_id]).result()
        return engine

    def submit(
        self,
        ids: Sequence[int],
        *,
        options: DecodingOptions | None = None,
        timeout: float | None = None,
        lane: Lane = "interactive",
    ) -> Future[tuple[Hypothesis, ...]]:
        """Decode one sentence: source ids without the end symbol, at least one.

        The future gives its hypotheses, best first. Cancelling it drops the sentence before the next step.
        It may raise DeadlineExceeded after `timeout` seconds, or EngineStopped. Raises InvalidText at once
        for a sentence or a `max_length` that the bundle does not allow.
        """
        options = options or self.defaults
        self._check(ids, options)
        deadline = None if timeout is None else time.monotonic() + timeout
        job = _Job(tuple(ids), options, lane, deadline)
        with self._work:
            if not self._open:
                job.future.set_exception(EngineStopped("the engine is stopped: try again on another replica"))
            else:
                self._lanes[lane].append(job)
                self._work.notify()
        return job.future

    def _check(self, ids: Sequence[int], options: DecodingOptions) -> None:
        """Refuse what the graphs could not look up."""
        dims = self.sessions.dimensions
        if not 0 < len(ids) <= self._max_source:
            raise InvalidText(f"a sentence of {len(ids)} tokens: give 1 to {self._max_source}")
        if not (min(ids) >= 0 and max(ids) < dims.source_vocab_size):
            raise InvalidText(f"a source id outside the vocabulary: give 0 to {dims.source_vocab_size - 1}")
        if not 0 < options.max_length <= dims.max_positions:
            raise InvalidText(f"max_length {options.max_length}: give 1 to {dims.max_positions}")

    def stats(self) -> EngineStats:
        with self._work:
            waiting = {lane: sum(len(job.ids) for job in jobs) for lane, jobs in self._lanes.items()}
            sentences = sum(map(len, self._lanes.values()))
            return EngineStats(sentences, sum(waiting.values()), waiting["interactive"], self._active)

    def check(self) -> None:
        """Raises EngineStopped if a worker has failed or the engine was closed."""
        if self._failed or not self._open or not all(worker.is_alive() for worker in self._workers):
            raise EngineStopped("a decode worker has stopped: replace this replica")

    def close(self) -> None:
        """Stop the workers; sentences that are not done raise EngineStopped."""
        self._stop()
        for worker in self._workers:
            worker.join()

    def _stop(self) -> None:
        with self._work:
            self._open = False
            left = [job for lane in self._lanes.values() for job in lane]
            for lane in self._lanes.values():
                lane.clear()
            self._work.notify_all()
        for job in left:
            _fail(job)

    def _run(self) -> None:
        worker = _Worker(self.sessions, self._batch)
        try:
            while self._open:
                joining = self._take(worker)
                worker.join(joining)
                worker.step()
                self._count(-worker.release())
        except Exception:
            self._failed = True
            raise
        finally:
            for job in worker.jobs:
                _fail(job)
            if self._failed:
                self._stop()

    def _count(self, change: int) -> None:
        with self._work:
            self._active += change

    def _take(self, worker: _Worker) -> list[_Job]:
        """Jobs that may join now; waits while there is nothing to do."""
        with self._work:
            while self._open and not worker.jobs and not any(self._lanes.values()):
                self._work.wait()
            waiting = sum(map(len, self._lanes.values()))
            share = min(JOINS_A_STEP, -(-waiting // self.settings.workers))
            taken: list[_Job] = []
            while len(taken) < share and (job := self._next(worker, taken)):
                taken.append(job)
            self._active += len(taken)
            return taken

    def _next(self, worker: _Worker, taken: list[_Job]) -> _Job | None:
        budget: float = self.settings.max_batch_tokens - worker.cost - sum(job.cost for job in taken)
        companions = [*worker.jobs, *taken]
        for lane, queue in self._lanes.items():
            while queue and queue[0].dropped:
                queue.popleft()
            if not queue:
                continue
            room = budget - (self._reserve if lane == "bulk" else 0)
            if companions and (queue[0].cost > room or not queue[0].together(companions[0])):
                continue
            return queue.popleft()
        return None


class _Worker:
    """One thread's batch and the jobs in its slots."""

    def __init__(self, sessions: Sessions, batch: type[Batch]) -> None:
        self._sessions, self._make_batch = sessions, batch
        self.jobs: list[_Job] = []
        self._finished = 0
        self._batch: Batch | None = None
        self._search: Search | None = None

    @property
    def cost(self) -> int:
        return sum(job.cost for job in self.jobs)

    def join(self, jobs: list[_Job]) -> None:
        for job in jobs:
            if not self.jobs:
                self._begin(job.options)
            assert self._batch is not None and self._search is not None
            self.jobs.append(job)
            slot = self._batch.join(self._sessions.encode(job.ids))
            self._search.join(slot, job.options, job.limit)

    def _begin(self, options: DecodingOptions) -> None:
        """An empty batch for these options; the buffers of the last one are kept where they fit."""
        search = make_search(self._sessions.bundle.manifest, options)
        if self._batch is None or (self._batch.beam, self._batch.candidates) != (search.beam, search.candidates):
            self._batch = self._make_batch(self._sessions, self._sessions.step, search.beam, search.candidates)
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
        self._finished += 1

    def release(self) -> int:
        """How many sentences left since the last call."""
        count, self._finished = self._finished, 0
        return count


def _fail(job: _Job) -> None:
    if not job.future.done() and job.future.set_running_or_notify_cancel():
        job.future.set_exception(EngineStopped("the engine was stopped before this sentence was done"))
