"""What beam searches keep of a sentence, and what they do with a step's candidates.

N sentences, K beams, C candidates a beam, T target positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.decode.arrays import Doubles, Flags, Floats, Ints, Scalar, SlotArrays
from pipeline.decode.options import DecodingOptions, Hypothesis

Index = tuple[Ints, Ints]  # [N, 1] sentences and [N, K] entries of each
BARRED = DEMOTED = np.float32(-1e9)  # low enough to lose, and far from overflowing


class BeamState(SlotArrays):
    """Sentences under way, a slot each."""

    def __init__(self, beam: int) -> None:
        self.step: Ints = np.zeros(0, np.int64)  # [N] tokens chosen so far
        self.limit: Ints = np.zeros(0, np.int64)  # [N] most tokens, the end symbol included
        self.alpha: Doubles = np.zeros(0, np.float64)  # [N] exponent of the length penalty
        self.ngram: Ints = np.zeros(0, np.int64)  # [N] n-grams so long may not repeat; 0: all may
        self.alive: Ints = np.zeros((0, beam, 0), np.int64)  # [N, K, T] tokens, best first
        self.alive_logp: Floats = np.zeros((0, beam), np.float32)  # [N, K] log-probabilities

    def begin(self, slot: int, options: DecodingOptions, limit: int) -> None:
        """Make room for a sentence of at most `limit` tokens at `slot`, and note its options."""
        self.reserve(slot, limit)
        self.step[slot], self.limit[slot] = 0, limit
        self.alpha[slot], self.ngram[slot] = options.length_penalty, options.no_repeat_ngram


class Finished(SlotArrays):
    """The best K finished hypotheses of each sentence, best first."""

    def __init__(self, beam: int) -> None:
        self.score: Floats = np.zeros((0, beam), np.float32)  # [N, K]
        self.exists: Flags = np.zeros((0, beam), np.bool_)  # [N, K] false where fewer than K are
        self.length: Ints = np.zeros((0, beam), np.int64)  # [N, K] tokens, end symbol included
        self.tokens: Ints = np.zeros((0, beam, 0), np.int64)  # [N, K, T]

    def merge(self, score: Floats, exists: Flags, length: Ints, tokens: Ints) -> Index:
        """Keep the best K of these and the given [N, C], the older first where scores are equal.

        Returns the index of those kept among both, for `keep`.
        """
        order, best = top(np.concatenate([self.score, score], axis=1), self.score.shape[1])
        index = rows(len(order)), order
        keep(index, self.exists, exists)
        keep(index, self.length, length)
        keep(index, self.tokens, tokens)
        self.score[:] = best
        return index


class CutFinished(Finished):
    """Finished hypotheses, and which of them the longest length cut."""

    def __init__(self, beam: int) -> None:
        super().__init__(beam)
        self.cut: Flags = np.zeros((0, beam), np.bool_)  # [N, K] true where no end symbol is last

    def take(self, score: Floats, ended: Flags, length: Ints, tokens: Ints, *, cut: Flags) -> None:
        """`merge` what `ended` [N, C] at each sentence's `length` [N], and whether it was cut."""
        lengths = np.broadcast_to(length[:, None], ended.shape)
        keep(self.merge(score, ended, lengths, tokens), self.cut, cut)


class FinishingSearch:
    """What searches share whose result is what has finished, by log p over a power of its length.

    They differ in how they `advance`.
    """

    def __init__(self, beam: int, end_id: int, vocab_size: int, state: BeamState) -> None:
        self.beam, self.candidates = beam, 2 * beam
        self._end, self._vocab = end_id, vocab_size
        self._state, self._finished = state, CutFinished(beam)

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        """Begin a sentence of at most `limit` tokens at `slot`."""
        s, finished = self._state, self._finished
        s.begin(slot, options, limit)
        finished.reserve(slot, limit)
        s.alive_logp[slot] = finished.score[slot] = DEMOTED
        s.alive_logp[slot, 0] = 0
        finished.exists[slot] = False

    def move(self, source: int, target: int) -> None:
        """Let the sentence at slot `source` go on at slot `target`."""
        self._state.move(source, target)
        self._finished.move(source, target)

    def result(self, slot: int) -> tuple[Hypothesis, ...]:
        """The finished hypotheses at `slot`, best first."""
        finished, steps = self._finished, int(self._state.step[slot])
        hypotheses = []
        for k in np.nonzero(finished.exists[slot])[0]:
            cut = bool(finished.cut[slot, k])
            length = finished.length[slot, k] - (not cut)
            ids = tuple(finished.tokens[slot, k, :length].tolist())
            hypotheses.append(Hypothesis(ids, float(finished.score[slot, k]), steps, not cut))
        return tuple(hypotheses)


def plain_penalty(length: Any, alpha: Any) -> Any:
    """n^α in float32."""
    return np.power(np.asarray(length, np.float64), alpha).astype(np.float32)


def keep(index: Index, kept: npt.NDArray[Scalar], new: npt.NDArray[Scalar]) -> None:
    """Let `kept` [N, K, …] have the entries at `index` of itself beside `new` [N, C, …]."""
    kept[:] = np.concatenate([kept, new], axis=1)[index]


def rows(size: int) -> Ints:
    """[N, 1]: beside an index [N, C], picks from each sentence's own row.

    It is faster than `take_along_axis`.
    """
    return np.arange(size)[:, None]


def top(score: Floats, count: int) -> tuple[Ints, Floats]:
    """Indices and values of the `count` largest of each row, equal ones in their order."""
    order = np.argsort(-score, axis=1, kind="stable")[:, :count]
    return order, score[rows(len(score)), order]


def candidates(ids: Ints, score: Floats, beam: int, vocab_size: int) -> tuple[Floats, Ints, Ints]:
    """Scores, parents and tokens [N, 2K] of the best 2K continuations.

    `ids` and `score` [N, K, C] are those of all beams' candidates. Equal scores go to the lower
    beam, then to the lower token.
    """
    size, k, c = score.shape
    beams = np.repeat(np.arange(k), c)
    flat, tokens = score.reshape(size, k * c), ids.reshape(size, k * c)
    best = np.lexsort((beams * vocab_size + tokens, -flat), axis=1)[:, : 2 * beam]
    row = rows(size)
    return flat[row, best], beams[best], tokens[row, best]


def continued(sequences: Ints, parents: Ints, tokens: Ints, step: Ints) -> Ints:
    """The sequences [N, C, T] that continue those of `parents` [N, C] with `tokens` [N, C].

    `sequences` [N, K, T] are the beams'; each sentence's tokens go to its own `step` [N].
    """
    row = rows(len(sequences))
    longer: Ints = sequences[row, parents]
    longer[row, np.arange(tokens.shape[1]), step[:, None]] = tokens
    return longer


def without_repeats(state: BeamState, ids: Ints, logprobs: Floats) -> Floats:
    """Log-probabilities [N, K, C] that bar candidates which would repeat an n-gram of their beam.

    The result is `logprobs` itself where no sentence asks for it.
    """
    if not state.ngram.any():
        return logprobs
    allowed = logprobs.copy()
    for slot in np.nonzero(state.ngram)[0]:
        for beam, sequence in enumerate(state.alive[slot, :, : state.step[slot]].tolist()):
            repeating = following(sequence, int(state.ngram[slot]))
            allowed[slot, beam, [token in repeating for token in ids[slot, beam].tolist()]] = BARRED
    return allowed


def following(sequence: list[int], n: int) -> set[int]:
    """The tokens after which the sequence would hold an n-gram for the second time."""
    last = sequence[len(sequence) - n + 1 :] if n > 1 else []
    return {
        sequence[i + n - 1] for i in range(len(sequence) - n + 1) if sequence[i : i + n - 1] == last
    }
