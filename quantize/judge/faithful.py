"""How far a model's probabilities are from the reference's: the steadiest witness, also of weak
models.

A weak model can hardly lose BLEU, and its outputs flip at a touch; the probabilities that it gives
to the reference's own translations, fed to both, move only as far as the arithmetic does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logits, log_softmax

AT_ONCE = 16  # pairs whose logits are held in memory together

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Forced:
    """Of every step of the given targets: the log-probability of the given token, and the best
    token.
    """

    logprobs: npt.NDArray[np.float64]
    best: npt.NDArray[np.int64]


def force(sessions: Sessions, sources: Sequence[Ids], targets: Sequence[Ids]) -> Forced:
    logprobs, best = [], []
    for start in range(0, len(sources), AT_ONCE):
        chosen = targets[start : start + AT_ONCE]
        for logits, target in zip(
            forced_logits(sessions, sources[start : start + AT_ONCE], chosen), chosen, strict=True
        ):
            tokens = np.array([*target, sessions.end_id])
            logprobs.append(log_softmax(logits)[np.arange(len(tokens)), tokens].astype(float))
            best.append(logits.argmax(axis=1))
    return Forced(np.concatenate(logprobs), np.concatenate(best))


def delta_logp(reference: Forced, candidate: Forced) -> float:
    """Mean |Δ log p| a token, in nats."""
    return float(np.abs(reference.logprobs - candidate.logprobs).mean())


def best_changed(reference: Forced, candidate: Forced) -> float:
    """Share of steps whose best token is another one."""
    return float((reference.best != candidate.best).mean())
