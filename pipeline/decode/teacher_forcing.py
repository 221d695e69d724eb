"""Teacher forcing: how probable a model finds given translations, and where it looks meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.decode.arrays import Floats
from pipeline.decode.batch import Batch
from pipeline.decode.sessions import Sessions

Ids = Sequence[Sequence[int]]


def forced_logits(sessions: Sessions, sources: Ids, targets: Ids) -> list[Floats]:
    """Logits [n+1, V] of each pair's steps: row t predicts target token t, row n the end symbol.

    Ids come without the end symbol. All pairs are decoded in one batch, one row each.
    """
    return list(_forced(sessions, "step_logits.onnx", sources, targets, lambda batch: batch.logits))


def forced_alignment(sessions: Sessions, sources: Ids, targets: Ids) -> list[Floats]:
    """Where the decoder looks when it predicts each of n target tokens and the end symbol.

    [n+1, L, S] for each pair: the cross-attention's weights in each of L layers, averaged over its
    heads, on the S tokens that the encoder is given, those around the source among them; they add
    up to 1. Ids come without prefix, suffix and end symbols.
    """
    weights = _forced(
        sessions, "step_alignment.onnx", sources, targets, lambda batch: batch.alignment
    )
    around = len(sessions.prefix) + len(sessions.suffix)
    return [
        steps[:, :, : len(source) + around] for source, steps in zip(sources, weights, strict=True)
    ]


def _forced(
    sessions: Sessions, graph: str, sources: Ids, targets: Ids, output: Callable[[Batch], Floats]
) -> Iterator[Floats]:
    """For each pair the rows of `output`, one a step, of the step graph `graph`."""
    batch = Batch(sessions, sessions.open(graph), beam=1)
    for source in sessions.encode(sources):
        batch.join(source)
    steps = max(len(target) for target in targets) + 1
    forced = np.full((steps, len(targets), 1), sessions.end_id, np.int64)
    for row, target in enumerate(targets):
        forced[: len(target), row, 0] = target
    collected = []
    for tokens in forced:
        batch.run()
        collected.append(output(batch)[: batch.rows].copy())
        batch.advance(tokens, np.zeros_like(tokens))
    for row, target in enumerate(targets):
        yield np.stack([step[row] for step in collected[: len(target) + 1]])


def log_softmax(logits: Floats) -> Floats:
    """Natural log-probabilities along the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def forced_logprobs(sessions: Sessions, sources: Ids, targets: Ids) -> list[Floats]:
    """Natural log-probabilities [n+1] of each target's tokens and its end symbol."""
    scores = []
    for logits, target in zip(forced_logits(sessions, sources, targets), targets, strict=True):
        tokens = np.array([*target, sessions.end_id])
        scores.append(log_softmax(logits)[np.arange(len(tokens)), tokens])
    return scores
