"""A worker's batches: stepped in turn, what time they have, and what memory they take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.decode.batch import MIN_SLOTS, Batch
from pipeline.decode.lanes import Job, Lane
from pipeline.decode.options import DecodingOptions
from pipeline.decode.sessions import Sessions
from pipeline.decode.turns import BULK_SHARE
from pipeline.decode.worker import Worker

LENGTH = 24  # target tokens
BEAM4, BEAM2 = DecodingOptions(4, 0.6, LENGTH), DecodingOptions(2, 0.6, LENGTH)
GREEDY = DecodingOptions(greedy=True, max_length=LENGTH)


def submitted(
    worker: Worker, sentences: Sequence[list[int]], options: DecodingOptions, lane: Lane = "bulk"
) -> list[Job]:
    jobs = [Job(tuple(ids), options, lane, None) for ids in sentences]
    for job in jobs:
        worker.give(job)
    worker.join(lane)
    return jobs


def run(worker: Worker) -> None:
    while worker.active:
        worker.turn()


def owned(array: npt.NDArray[np.float32]) -> int:
    """Bytes of the memory that the array lies in."""
    return array.nbytes if array.base is None else owned(array.base)


def cached(worker: Worker) -> int:
    """Bytes of all its batches' caches."""
    batches: list[Batch] = [jobs._batch for jobs in worker._batches]
    return sum(owned(cache.array) for batch in batches for cache in batch.memory.buffers)


@pytest.fixture
def worker(sessions: Sessions) -> Worker:
    return Worker(sessions, Batch)


def test_options_that_differ_are_decoded_side_by_side(
    worker: Worker, sources: list[list[int]]
) -> None:
    long = submitted(worker, sources[:6], BEAM4)
    others = [submitted(worker, [sources[0][:3]], options)[0] for options in (BEAM2, GREEDY)]
    for _ in range(3 * LENGTH):  # three batches in turn
        worker.turn()
    assert all(job.future.done() for job in (*long, *others))
    as_if_alone(worker._sessions, [*long, *others])


def as_if_alone(sessions: Sessions, jobs: Sequence[Job]) -> None:
    alone = Worker(sessions, Batch)
    for job in jobs:
        (again,) = submitted(alone, [list(job.ids)], job.options)
        run(alone)
        assert again.future.result(0) == job.future.result(0)


class Clock:
    """Time that goes on by as much as a step has rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0
        self.rows: list[int] = []  # of each step
        step = Batch.run

        def counted(batch: Batch) -> None:
            self.rows.append(batch.rows)
            self.now += batch.rows
            step(batch)

        monkeypatch.setattr(Batch, "run", counted)

    def __call__(self) -> float:
        return self.now


def test_a_step_of_a_short_request_has_its_own_rows_only(
    sessions: Sessions, sources: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    worker = Worker(sessions, Batch, clock)
    document = submitted(worker, sources[:16], BEAM4)
    worker.turn()
    short = Job((5, 6, 7), DecodingOptions(4, 0.6, 12), "interactive", None)
    worker.give(short)
    while not short.future.done():
        worker.turn()
    # 4 rows a step would pay for a third of the 64 that the document's step had.
    assert clock.rows == [64, *[4] * (len(clock.rows) - 1)]
    run(worker)
    as_if_alone(sessions, [*document, short])


def test_a_document_has_its_share_beside_requests_that_never_cease(
    sessions: Sessions, sources: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    worker = Worker(sessions, Batch, clock)
    times: dict[Lane, int] = {"interactive": 0, "bulk": 0}
    submitted(worker, [max(sources, key=len)] * 8, DecodingOptions(4, 0.6, 100))
    for _ in range(300):
        if worker.loads["interactive"].rows < 12:
            worker.give(Job((5, 6, 7), BEAM4, "interactive", None))
        lane, began = worker.next_lane(), clock.now
        worker.turn()
        times[lane] += clock.now - began
    assert times["bulk"] / sum(times.values()) == pytest.approx(BULK_SHARE, abs=0.02)


def test_bulk_that_joins_does_not_make_a_turn_longer(
    worker: Worker, sources: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    submitted(worker, sources[:2], BEAM4)
    worker.give(Job(tuple(sources[2]), BEAM4, "bulk", None))
    worker.turn()
    assert clock.rows == []
    worker.turn()
    assert clock.rows == [12]


def test_greedy_sentences_share_a_batch_whatever_their_beam_size(worker: Worker) -> None:
    for beam_size in (1, 4):
        submitted(worker, [[5, 6]], DecodingOptions(beam_size, greedy=True, max_length=LENGTH))
    assert len(worker._batches) == 1


def test_a_batch_beside_others_is_freed_once_it_is_empty(
    worker: Worker, sources: list[list[int]]
) -> None:
    submitted(worker, sources[:4], BEAM4)
    (short,) = submitted(worker, [[5]], DecodingOptions(greedy=True, max_length=1))
    while not short.future.done():
        worker.turn()
    assert len(worker._batches) == 1
    run(worker)
    assert len(worker._batches) == 1  # kept, so that the next sentences find its buffers
    submitted(worker, [[5]], GREEDY)
    assert len(worker._batches) == 1


def test_batches_that_were_large_one_after_the_other_do_not_all_stay_large(
    worker: Worker, sessions: Sessions, sources: list[list[int]]
) -> None:
    crowd = [max(sources, key=len)] * 32  # takes all of LENGTH
    dims = sessions.dimensions
    row = 2 * dims.num_decoder_layers * dims.hidden_size * 4 * 32  # bytes, at 32 positions
    stay: list[Job] = []
    for beam_size in (4, 3, 2):
        jobs = submitted(worker, crowd, DecodingOptions(beam_size, 0.6, LENGTH))
        left_behind = sum(MIN_SLOTS * job.options.beams * row for job in stay)
        assert cached(worker) == left_behind + len(crowd) * beam_size * row
        stay.append(jobs[0])
        for job in jobs[1:]:
            job.future.cancel()
        for _ in stay:  # each batch has its turn, and notices
            worker.turn()
    for job in stay:
        assert not job.future.done()
    run(worker)
    results = [job.future.result(0) for job in stay]
    for job, result in zip(stay, results, strict=True):
        (again,) = submitted(worker, [list(job.ids)], job.options)
        run(worker)
        assert again.future.result(0) == result
