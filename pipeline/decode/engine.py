"""The decode engine: in-flight batching over a bundle's sessions.

1. A submitted sentence waits in one of two lanes: `interactive` or `bulk` (sentences of long
   documents).
2. Each worker thread runs one batch, one step at a time; between steps finished sentences leave,
   those whose caller left or whose deadline passed are dropped, and waiting ones join.
3. A token budget bounds a batch, not a row count; bulk may fill only part of it, and interactive
   sentences join first, so that a one-line request overtakes a document that came before it.
4. A failure in a worker fails the sentences it held and makes `check` raise: the replica is
   replaced.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from pipeline.bundle import Bundle, Decoding
from pipeline.decode.batch import Batch
from pipeline.decode.lanes import FIRST_JOINS, JOINS_A_STEP, LANES, RESERVED, Job, Lane
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.sessions import Sessions
from pipeline.decode.worker import Worker
from pipeline.errors import EngineStopped, InvalidText

WARM_UP = 4  # tokens of the translation that warms the graphs


@dataclass(frozen=True)
class EngineSettings:
    """How much an engine does at once."""

    workers: int = 1  # threads that decode, one a CPU
    max_batch_tokens: int = 8192  # cached by a worker, over all beams


@dataclass(frozen=True)
class EngineStats:
    """What an engine holds at a moment."""

    waiting: int  # sentences in the lanes
    waiting_tokens: int  # their source tokens
    interactive_tokens: int  # of these, the ones that go first
    active: int  # sentences being decoded


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

    def __init__(
        self, sessions: Sessions, settings: EngineSettings, batch: type[Batch] = Batch
    ) -> None:
        decoding = sessions.bundle.manifest.decoding
        self.sessions, self.settings = sessions, settings
        self.defaults = default_options(decoding)
        self._max_source = decoding.max_source_length
        self._reserve = RESERVED * settings.max_batch_tokens
        self._lanes: dict[Lane, deque[Job]] = {lane: deque() for lane in LANES}
        self._work = threading.Condition()
        self._open, self._failed = True, False
        self._workers = [Worker(sessions, batch) for _ in range(settings.workers)]
        self._threads = [
            threading.Thread(target=self._run, args=(worker,), name=f"decode-{n}", daemon=True)
            for n, worker in enumerate(self._workers)
        ]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def load(bundle: Bundle, settings: EngineSettings | None = None) -> Engine:
        """Open the bundle's sessions, start the workers and translate a little.

        The first request then finds everything in place. Raises BundleError for a graph that this
        runtime cannot load.
        """
        engine = Engine(Sessions(bundle), settings or EngineSettings())
        engine.submit(
            [bundle.manifest.decoding.end_id], options=replace(engine.defaults, max_length=WARM_UP)
        ).result()
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

        `options` default to the bundle's. The future gives the hypotheses, best first. Cancelling
        it drops the sentence before the next step. It may raise DeadlineExceeded after `timeout`
        seconds, or EngineStopped. Raises InvalidText at once for a sentence or a `max_length` that
        the bundle does not allow.
        """
        options = options or self.defaults
        self._check(ids, options)
        deadline = None if timeout is None else time.monotonic() + timeout
        job = Job(tuple(ids), options, lane, deadline)
        with self._work:
            if not self._open:
                job.future.set_exception(
                    EngineStopped("the engine is stopped: try again on another replica")
                )
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
            raise InvalidText(
                f"a source id outside the vocabulary: give 0 to {dims.source_vocab_size - 1}"
            )
        if not 0 < options.max_length <= dims.max_positions:
            raise InvalidText(f"max_length {options.max_length}: give 1 to {dims.max_positions}")

    def stats(self) -> EngineStats:
        """What it holds now."""
        with self._work:
            waiting = {
                lane: sum(len(job.ids) for job in jobs) for lane, jobs in self._lanes.items()
            }
            sentences = sum(map(len, self._lanes.values()))
            active = sum(worker.active for worker in self._workers)
            return EngineStats(sentences, sum(waiting.values()), waiting["interactive"], active)

    def check(self) -> None:
        """Raises EngineStopped if a worker has failed or the engine was closed."""
        if self._failed or not self._open or not all(thread.is_alive() for thread in self._threads):
            raise EngineStopped("a decode worker has stopped: replace this replica")

    def close(self) -> None:
        """Stop the workers; sentences that are not done raise EngineStopped."""
        self._stop()
        for thread in self._threads:
            thread.join()

    def _stop(self) -> None:
        with self._work:
            self._open = False
            waiting = [job for lane in self._lanes.values() for job in lane]
            for lane in self._lanes.values():
                lane.clear()
            self._work.notify_all()
        for job in waiting:
            job.fail()

    def _run(self, worker: Worker) -> None:
        try:
            while self._open:
                self._hand_over(worker)
                worker.join()
                worker.step()
        except Exception:
            self._failed = True
            raise
        finally:
            for job in worker.held:
                job.fail()
            if self._failed:
                self._stop()

    def _hand_over(self, worker: Worker) -> None:
        """Give the worker what may join its batch now; waits while there is nothing to do."""
        with self._work:
            while self._open and not worker.jobs and not any(self._lanes.values()):
                self._work.wait()
            waiting = sum(map(len, self._lanes.values()))
            share = min(
                JOINS_A_STEP if worker.jobs else FIRST_JOINS, -(-waiting // self.settings.workers)
            )
            while len(worker.joining) < share and (job := self._next(worker)):
                worker.joining.append(job)

    def _next(self, worker: Worker) -> Job | None:
        companions = worker.held
        budget: float = self.settings.max_batch_tokens - sum(job.cost for job in companions)
        for lane, queue in self._lanes.items():
            while queue and queue[0].drop_if_unwanted():
                queue.popleft()
            if not queue:
                continue
            room = budget - (self._reserve if lane == "bulk" else 0)
            if companions and (queue[0].cost > room or not queue[0].compatible_with(companions[0])):
                continue
            return queue.popleft()
        return None
