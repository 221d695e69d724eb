"""Teacher forcing: how probable a model finds given translations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.batch import Batch
from pipeline.session import Floats, Sessions


def forced_logits(
    sessions: Sessions, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[Floats]:
    """Logits [n+1, V] of each pair's steps: row t predicts target token t, row n the end symbol.

    Ids come without the end symbol. All pairs are decoded in one batch, one row each.
    """
    batch = Batch(sessions, sessions.open("step_logits.onnx"), beam=1)
    for source in sources:
        batch.join(sessions.encode(source))
    steps = max(len(target) for target in targets) + 1
    forced = np.full((steps, len(targets), 1), sessions.end_id, np.int64)
    for row, target in enumerate(targets):
        forced[: len(target), row, 0] = target
    collected = []
    for tokens in forced:
        batch.run()
        collected.append(batch.logits[: batch.rows].copy())
        batch.advance(tokens, np.zeros_like(tokens))
    return [np.stack([step[row] for step in collected[: len(t) + 1]]) for row, t in enumerate(targets)]


def log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def forced_logprobs(
    sessions: Sessions, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[Floats]:
    """Natural log-probabilities [n+1] of each target's tokens and its end symbol."""
    scores = []
    for logits, target in zip(forced_logits(sessions, sources, targets), targets, strict=True):
        tokens = np.array([*target, sessions.end_id])
        scores.append(log_softmax(logits)[np.arange(len(tokens)), tokens])
    return scores
