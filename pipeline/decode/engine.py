"""The decode engine: in-flight batching over a bundle's sessions.

1. A submitted sentence waits in one of two lanes: `interactive` or `bulk` (sentences of long
   documents).
2. Each worker thread decodes one step at a time; between steps finished sentences leave, those
   that were cancelled or are late are dropped, and waiting ones join.
3. Sentences of one lane with as many beams share a batch; a worker steps a lane's batches in turn,
   so nobody waits for other sentences because their options differ.
4. While there are interactive sentences, a worker has a share of its time for bulk
   (`pipeline/decode/turns.py`): a one-line request overtakes a document, and many do not stop it.
   A token budget bounds what it decodes at once, and each lane may fill only part of it.
5. A failure in a worker fails the sentences it held and makes `check` raise: the replica is
   replaced.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.bundle import Bundle, Decoding
from pipeline.decode.batch import Batch
from pipeline.decode.lanes import LANES, MAX_BULK_ROWS, Job, Lane, Lanes, Load, Pending
from pipeline.decode.options import DecodingOptions
from pipeline.decode.sessions import Sessions
from pipeline.decode.worker import Worker
from pipeline.errors import EngineStopped, InvalidText

MAX_BEAM_SIZE = 64  # each beam size is a batch of its own, and a run of the graph
JOINS_A_STEP = 8  # encoding more at once would hold up the rows that are being decoded
FIRST_JOINS = 64  # where there are none: sentences that start together make the fullest batches
BULK_JOINS = 64  # source tokens of bulk that join in a turn: their encoding takes about a step
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
    waiting_tokens: Mapping[Lane, int]  # their source tokens
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
        self._lanes = Lanes()
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
        """Open the bundle's sessions and `start`.

        Raises BundleError for a graph that this runtime cannot load.
        """
        return Engine.start(Sessions(bundle), settings)

    @staticmethod
    def start(sessions: Sessions, settings: EngineSettings | None = None) -> Engine:
        """Start the workers and translate a little, so that the first request finds all in place.

        Where that fails, no thread is left. What else may fail (the canary's replay needs only the
        sessions) is best done before.
        """
        engine = Engine(sessions, settings or EngineSettings())
        try:
            engine.submit([0], options=replace(engine.defaults, max_length=WARM_UP)).result()
        except BaseException:
            engine.close()
            raise
        return engine

    def submit(
        self,
        ids: Sequence[int],
        *,
        options: DecodingOptions | None = None,
        timeout: float | None = None,
        lane: Lane = "interactive",
    ) -> Pending:
        """Decode one sentence: source ids without the end symbol, at least one.

        `options` default to the bundle's. The future gives the hypotheses, best first. Cancelling
        it drops the sentence before the next step. It may raise DeadlineExceeded after `timeout`
        seconds, or EngineStopped. Raises InvalidText at once for a sentence or options that the
        bundle does not allow.
        """
        sentence = ids, options or self.defaults
        return self.submit_all([sentence], timeout=timeout, lane=lane)[0]

    def submit_all(
        self,
        sentences: Sequence[tuple[Sequence[int], DecodingOptions]],
        *,
        timeout: float | None = None,
        lane: Lane = "interactive",
    ) -> list[Pending]:
        """Decode sentences, each by its own options. As `submit`, but all of them or none.

        Where one is refused with InvalidText, none has begun.
        """
        for ids, options in sentences:
            self._check(ids, options)
        deadline = None if timeout is None else time.monotonic() + timeout
        jobs = [Job(tuple(ids), options, lane, deadline) for ids, options in sentences]
        with self._work:
            if self._open:
                for job in jobs:
                    self._lanes.add(job)
                self._work.notify(len(jobs))
                return [job.future for job in jobs]
        for job in jobs:
            job.stop()
        return [job.future for job in jobs]

    def _check(self, ids: Sequence[int], options: DecodingOptions) -> None:
        """Refuse what the graphs could not look up."""
        dims = self.sessions.dimensions
        if not 0 < len(ids) <= self._max_source:
            raise InvalidText(f"a sentence of {len(ids)} tokens: give 1 to {self._max_source}")
        if not (min(ids) >= 0 and max(ids) < dims.source_vocab_size):
            raise InvalidText(
                f"a source id outside the vocabulary: give 0 to {dims.source_vocab_size - 1}"
            )
        if not (options.limit(len(ids)) > 0 and options.max_length <= dims.max_positions):
            raise InvalidText(f"max_length {options.max_length}: give 1 to {dims.max_positions}")
        widest = min(MAX_BEAM_SIZE, dims.target_vocab_size // 2)
        if not 0 < options.beams <= widest:
            raise InvalidText(f"beam_size {options.beam_size}: give 1 to {widest}")
        if options.no_repeat_ngram < 0:
            raise InvalidText(f"no_repeat_ngram {options.no_repeat_ngram}: give 0 or more")

    def stats(self) -> EngineStats:
        """What it holds now."""
        with self._work:
            tokens = {lane: self._lanes.tokens(lane) for lane in LANES}
            active = sum(worker.active for worker in self._workers)
            return EngineStats(len(self._lanes), tokens, active)

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
            waiting = self._lanes.clear()
            self._work.notify_all()
        for job in waiting:
            job.stop()

    def _run(self, worker: Worker) -> None:
        try:
            while self._open:
                self._hand_over(worker)
                worker.turn()
        except BaseException:
            self._failed = True
            raise
        finally:
            for job in worker.held:
                job.stop()
            if self._failed:
                self._stop()

    def _hand_over(self, worker: Worker) -> None:
        """Give the worker what may join its batches now; waits while there is nothing to do."""
        with self._work:
            while self._open and not worker.active and not self._lanes:
                self._work.wait()
            unwanted = self._lanes.sweep()
            if self._lanes:
                self._fill(worker)
        for job in unwanted:
            job.drop_if_unwanted()

    def _fill(self, worker: Worker) -> None:
        loads = worker.loads
        most = JOINS_A_STEP if loads["interactive"].rows else FIRST_JOINS
        for job in self._taken("interactive", loads, most):
            worker.give(job)
        if worker.next_lane(bulk_waits=self._lanes.waiting("bulk") > 0) == "bulk":
            tokens = 0
            for job in self._taken("bulk", loads, MAX_BULK_ROWS):
                worker.give(job)
                tokens += len(job.ids)
                if tokens >= BULK_JOINS:
                    return

    def _taken(self, lane: Lane, loads: Mapping[Lane, Load], most: int) -> Iterator[Job]:
        """The next jobs of the lane while there is room beside `loads`, which counts them.

        They are up to so many, and a worker's part of those that wait.
        """
        part = -(-self._lanes.waiting(lane) // self.settings.workers)
        for _ in range(min(most, part)):
            job = self._lanes.take(lane, loads, self.settings.max_batch_tokens)
            if job is None:
                return
            loads[lane].add(job)
            yield job
