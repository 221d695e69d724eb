"""Beam search by CTranslate2's rules.

Of the best 2K continuations the first K count. Those that end are finished, at log p / n^α, n with
the end symbol, and the best of the others that go on take their places, so that K are always alive.
A sentence is done once K hypotheses are finished, whatever the alive ones promise; without a length
penalty, once the best continuation of a step has ended.
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
    without_repeats,
)


class CTranslate2State(BeamState):
    """Sentences under way, and whether a best continuation has ended."""

    def __init__(self, beam: int) -> None:
        super().__init__(beam)
        self.best_ended: Flags = np.zeros(0, np.bool_)  # [N]


class CTranslate2Search(FinishingSearch):
    """K alive hypotheses at every step, whatever has finished."""

    _state: CTranslate2State

    def __init__(self, beam: int, end_id: int, vocab_size: int) -> None:
        super().__init__(beam, end_id, vocab_size, CTranslate2State(beam))

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        """Begin a sentence of at most `limit` tokens at `slot`."""
        super().join(slot, options, limit)
        self._state.best_ended[slot] = False

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, Flags]:
        """See `Search.advance`."""
        s, finished = self._state.live(size), self._finished.live(size)
        ids, row = ids.reshape(size, self.beam, -1), rows(size)
        logprobs = without_repeats(s, ids, logprobs.reshape(ids.shape))
        length = s.step + 1
        last = length >= s.limit
        score, parent, token = candidates(
            ids, s.alive_logp[:, :, None] + logprobs, self.beam, self._vocab
        )
        sequences = continued(s.alive, parent, token, s.step)
        ends = token == self._end
        first = np.arange(2 * self.beam) < self.beam
        ended = first & (ends | last[:, None])

        normalised = np.where(ended, score / plain_penalty(length, s.alpha)[:, None], DEMOTED)
        finished.take(normalised, ended, length, sequences, cut=~ends)
        order = _replaced(ended[:, : self.beam], ~ends & ~first)
        s.alive[:] = sequences[row, order]
        s.alive_logp[:] = score[row, order]
        s.best_ended |= ended[:, 0]
        s.step += 1
        enough = np.where(s.alpha == 0, s.best_ended, finished.exists.all(axis=1))
        return token[row, order], parent[row, order], last | enough


def _replaced(ended: Flags, spare: Flags) -> Ints:
    """Which continuations [N, K] go on: of the first K those that have not `ended` [N, K].

    In the places of the others come the spare ones [N, 2K], in their order, as far as they go.
    """
    beam = ended.shape[1]
    spares = np.argsort(~spare, axis=1, kind="stable")[:, :beam]
    place: Ints = np.cumsum(ended, axis=1) - ended
    available = ended & (place < spare.sum(axis=1)[:, None])
    return np.where(available, spares[rows(len(ended)), place], np.arange(beam))
