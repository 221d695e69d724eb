"""CSANMT's exact beam search (docs/csanmt.md)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.decode.arrays import Flags, Floats, Ints
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search.beams import (
    BeamState,
    Finished,
    candidates,
    continued,
    rows,
    top,
    without_repeats,
)

LOWEST = np.float32(np.finfo(np.float32).min)


class CsanmtState(BeamState):
    """Sentences under way, with the scores that CSANMT ranks them by."""

    def __init__(self, beam: int) -> None:
        super().__init__(beam)
        self.alive_score: Floats = np.zeros((0, beam), np.float32)  # [N, K] log p / length penalty


class BeamSearch:
    """The best 2K of all beams' continuations feed K alive and K finished hypotheses.

    The end symbol counts in the length; one finished hypothesis suffices to stop once no alive one
    can pass it under the most favourable length.
    """

    def __init__(self, beam: int, end_id: int, vocab_size: int) -> None:
        self.beam, self.candidates = beam, 2 * beam
        self._end, self._vocab = end_id, vocab_size
        self._state, self._finished = CsanmtState(beam), Finished(beam)

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        """Begin a sentence of at most `limit` tokens at `slot`."""
        s, finished = self._state, self._finished
        s.begin(slot, options, limit)
        finished.reserve(slot, limit)
        s.alive[slot] = finished.tokens[slot] = self._end
        s.alive_logp[slot] = finished.score[slot] = LOWEST
        s.alive_logp[slot, 0] = 0
        finished.exists[slot] = False

    def move(self, source: int, target: int) -> None:
        """Let the sentence at slot `source` go on at slot `target`."""
        self._state.move(source, target)
        self._finished.move(source, target)

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, Flags]:
        """See `Search.advance`."""
        s, finished = self._state.live(size), self._finished.live(size)
        ids, row = ids.reshape(size, self.beam, -1), rows(size)
        logprobs = without_repeats(s, ids, logprobs.reshape(ids.shape))
        length = s.step + 1
        penalty = length_penalty(length, s.alpha)[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            score = (s.alive_logp[:, :, None] + logprobs) / penalty[:, :, None]
            score, parent, token = candidates(ids, score, self.beam, self._vocab)
            ended = token == self._end
            sequences = continued(s.alive, parent, token, s.step)
            order, alive_score = top(score + ended * LOWEST, self.beam)
            lengths = np.broadcast_to(length[:, None], ended.shape)
            finished.merge(score + ~ended * LOWEST, ended, lengths, sequences)
            s.alive[:] = sequences[row, order]
            # Divided, then multiplied again: as the reference rounds.
            s.alive_logp[:] = alive_score * penalty
            s.alive_score[:] = alive_score
        s.step += 1
        return token[row, order], parent[row, order], self._done(s, finished)

    def _done(self, s: CsanmtState, finished: Finished) -> Flags:
        with np.errstate(over="ignore"):
            upper_bound = s.alive_logp[:, 0] / length_penalty(s.limit, s.alpha)
            none = ~finished.exists.any(axis=1)
            worst = (finished.score * finished.exists).min(axis=1) + none * LOWEST
        done: Flags = (worst > upper_bound) | (s.step >= s.limit)
        return done

    def result(self, slot: int) -> tuple[Hypothesis, ...]:
        """The finished hypotheses at `slot`, best first; the alive ones where none has finished."""
        s, finished = self._state, self._finished
        steps, exists = int(s.step[slot]), finished.exists[slot]
        if not exists.any():
            pairs = zip(s.alive[slot], s.alive_score[slot], strict=True)
            return tuple(
                Hypothesis(tuple(tokens[:steps].tolist()), float(score), steps, False)
                for tokens, score in pairs
            )
        return tuple(
            Hypothesis(
                tuple(finished.tokens[slot, k, : finished.length[slot, k] - 1].tolist()),
                float(finished.score[slot, k]),
                steps,
            )
            for k in np.nonzero(exists)[0]
        )


def length_penalty(length: Any, alpha: Any) -> Any:
    """GNMT's ((5+n)/6)^α in float32."""
    ratio = ((np.float32(5) + np.asarray(length, np.float32)) / np.float32(6)).astype(np.float32)
    return np.power(ratio, np.asarray(alpha, np.float32))
