"""Sessions and the in-flight batch: the same bits in any company, and what memory they take."""

from __future__ import annotations

import tracemalloc

import numpy as np

from pipeline.decode.batch import Batch
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logits
from tests.bundles import bits


def test_the_encoder_gives_a_sentence_the_same_bits_alone_and_among_others(
    sessions: Sessions, sources: list[list[int]]
) -> None:
    for ids, among in zip(sources, sessions.encode(sources), strict=True):
        assert bits(next(sessions.encode([ids]))) == bits(among)


def test_logits_keep_their_bits_whatever_the_neighbours_and_the_padding(
    sessions: Sessions, sources: list[list[int]]
) -> None:
    rng = np.random.default_rng(3)
    targets = [rng.integers(1, 8000, len(ids)).tolist() for ids in sources]
    crowd = forced_logits(sessions, sources, targets)
    for index in range(0, len(sources), 5):
        alone = forced_logits(sessions, [sources[index]], [targets[index]])[0]
        assert alone.tobytes() == crowd[index].tobytes()


def test_source_positions_are_as_many_as_the_longest_sentence_needs_since_the_batch_was_empty(
    sessions: Sessions,
) -> None:
    short, long = sessions.encode([[5] * 9, [5] * 70])
    batch = Batch(sessions, sessions.step, beam=1, candidates=2)
    found = []
    for change in (
        lambda: batch.join(short),
        lambda: batch.join(long),
        lambda: batch.leave(1),
        lambda: batch.leave(0),
    ):
        change()
        found.append(batch.source_mask.array.shape[1])
    batch.join(short)
    assert [*found, batch.source_mask.array.shape[1]] == [16, 80, 80, 80, 16]
    first = batch.cross_keys[0].array[0, :, :, : short.length]
    assert first.tobytes() == short.keys[0].tobytes()


def test_the_step_that_chooses_agrees_with_the_one_that_gives_logits(
    sessions: Sessions, sources: list[list[int]]
) -> None:
    batch = Batch(sessions, sessions.step, beam=1, candidates=12)
    for encoded in sessions.encode(sources):
        batch.join(encoded)
    batch.run()
    logits = np.stack([rows[0] for rows in forced_logits(sessions, sources, [[]] * len(sources))])
    logprobs = logits - np.logaddexp.reduce(logits.astype(np.float64), axis=1, keepdims=True)
    expected = np.argsort(-logits, axis=1, kind="stable")[:, :12]
    assert np.array_equal(batch.top_ids[: len(sources)], expected)
    assert np.allclose(
        batch.top_logprobs[: len(sources)], np.take_along_axis(logprobs, expected, 1), atol=1e-5
    )


def test_a_growing_batch_never_holds_all_buffers_twice(
    sessions: Sessions, sources: list[list[int]]
) -> None:
    encoded = list(sessions.encode(sources))
    tracemalloc.start()
    try:
        batch = Batch(sessions, sessions.step, beam=4, candidates=8)
        for source in encoded:
            batch.join(source)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    largest = max(buffer.array.nbytes for buffer in (*batch.memory.buffers, *batch.cross_keys))
    assert peak < now + 1.1 * largest
