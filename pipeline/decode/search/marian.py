"""Beam search by Marian's own rules.

Hypotheses are compared by log p while they are alive, and by log p / n^α once they are finished, n
with the end symbol. What finishes leaves the beam and makes it smaller, so each sentence has at
most K hypotheses in all; it is done when none is alive, or at its longest length, which cuts them.
"""

from __future__ import annotations

import numpy as np

from pipeline.decode.arrays import Flags, Floats, Ints
from pipeline.decode.options import DecodingOptions
from pipeline.decode.search.beams import (
    DEMOTED,
    BeamState,
    FinishingSearch,
    candidates,
    continued,
    plain_penalty,
    rows,
    top,
    without_repeats,
)

DEAD = np.float32(-np.inf)  # log p of a beam's row that has no hypothesis


class MarianState(BeamState):
    """Sentences under way, and how many hypotheses each may go on with."""

    def __init__(self, beam: int) -> None:
        super().__init__(beam)
        self.width: Ints = np.zeros(0, np.int64)  # [N] K less those that have finished


class MarianSearch(FinishingSearch):
    """The best of all beams' continuations, as many as have not finished."""

    _state: MarianState

    def __init__(self, beam: int, end_id: int, vocab_size: int) -> None:
        super().__init__(beam, end_id, vocab_size, MarianState(beam))

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        """Begin a sentence of at most `limit` tokens at `slot`."""
        super().join(slot, options, limit)
        self._state.alive_logp[slot, 1:] = DEAD
        self._state.width[slot] = self.beam

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, Flags]:
        """See `Search.advance`."""
        s, finished = self._state.live(size), self._finished.live(size)
        ids, row = ids.reshape(size, self.beam, -1), rows(size)
        logprobs = without_repeats(s, ids, logprobs.reshape(ids.shape))
        length = s.step + 1
        score, parent, token = candidates(
            ids, s.alive_logp[:, :, None] + logprobs, self.beam, self._vocab
        )
        sequences = continued(s.alive, parent, token, s.step)
        chosen = (np.arange(2 * self.beam) < s.width[:, None]) & (score > DEAD)
        ended = chosen & ((token == self._end) | (length >= s.limit)[:, None])
        alive = chosen & ~ended

        normalised = np.where(ended, score / plain_penalty(length, s.alpha)[:, None], DEMOTED)
        finished.take(normalised, ended, length, sequences, cut=token != self._end)
        order, alive_logp = top(np.where(alive, score, DEAD), self.beam)
        s.alive[:] = sequences[row, order]
        s.alive_logp[:] = alive_logp
        s.width[:] = alive.sum(axis=1)
        s.step += 1
        return token[row, order], parent[row, order], s.width == 0
