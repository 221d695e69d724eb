"""Beam search by the rules of Hugging Face's `generate`, which its Marian models
are published for.

They differ from CSANMT's: hypotheses are compared by log p / n^α when they are finished and by log
p while they are alive, an end symbol counts only among the best K candidates, and a sentence is
done once K hypotheses are finished and the best alive one, at its present length, is no better than
the worst of them.
"""

from __future__ import annotations

import numpy as np

from pipeline.decode.arrays import Flags, Floats, Ints
from pipeline.decode.search.beams import (
    DEMOTED,
    BeamState,
    Finished,
    FinishingSearch,
    candidates,
    continued,
    plain_penalty,
    rows,
    top,
    without_repeats,
)


class TransformersSearch(FinishingSearch):
    """The best 2K of all beams' continuations feed K alive and K finished hypotheses."""

    def __init__(self, beam: int, end_id: int, vocab_size: int, *, forced_end: bool) -> None:
        """With `forced_end`, what reaches the longest length ends there, at no cost."""
        super().__init__(beam, end_id, vocab_size, BeamState(beam))
        self._forced_end = forced_end

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, Flags]:
        """See `Search.advance`."""
        s, finished = self._state.live(size), self._finished.live(size)
        ids, row = ids.reshape(size, self.beam, -1), rows(size)
        logprobs = without_repeats(s, ids, logprobs.reshape(ids.shape))
        length = s.step + 1
        last = length >= s.limit
        if self._forced_end:
            ids, logprobs = force(self._end, last, ids, logprobs)
        score, parent, token = candidates(
            ids, s.alive_logp[:, :, None] + logprobs, self.beam, self._vocab
        )
        sequences = continued(s.alive, parent, token, s.step)
        over = (token == self._end) | last[:, None]
        order, alive_logp = top(score + over * DEMOTED, self.beam)

        ended = over & (np.arange(2 * self.beam) < self.beam)
        normalised = score / plain_penalty(length, s.alpha)[:, None] + ~ended * DEMOTED
        finished.take(normalised, ended, length, sequences, cut=token != self._end)
        s.alive[:] = sequences[row, order]
        s.alive_logp[:] = alive_logp
        s.step += 1
        done = ~_may_improve(s, finished) | over.all(axis=1)
        return token[row, order], parent[row, order], done


def _may_improve(s: BeamState, finished: Finished) -> Flags:
    best_alive = s.alive_logp[:, 0] / plain_penalty(s.step, s.alpha)
    worst = np.where(finished.exists.all(axis=1), finished.score.min(axis=1), DEMOTED)
    better: Flags = best_alive > worst
    return better


def force(end_id: int, sentences: Flags, ids: Ints, logprobs: Floats) -> tuple[Ints, Floats]:
    """Candidates [N, K, C] that leave some sentences only the end symbol, at probability 1.

    `sentences` [N] says which.
    """
    forced = np.full_like(logprobs, -np.inf)
    forced[..., 0] = 0
    where = sentences[:, None, None]
    return np.where(where, end_id, ids), np.where(where, forced, logprobs)
