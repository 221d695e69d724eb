"""The best token at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.decode.arrays import Doubles, Flags, Floats, Ints, SlotArrays
from pipeline.decode.options import DecodingOptions, Hypothesis


class GreedyState(SlotArrays):
    """Sentences under way, a slot each."""

    def __init__(self) -> None:
        self.step: Ints = np.zeros(0, np.int64)  # [N] tokens chosen so far
        self.limit: Ints = np.zeros(0, np.int64)  # [N] most tokens, the end symbol included
        self.alpha: Doubles = np.zeros(0, np.float64)  # [N] exponent of the length penalty
        self.tokens: Ints = np.zeros((0, 1, 0), np.int64)  # [N, 1, T]
        self.logp: Floats = np.zeros(0, np.float32)  # [N] log-probability of the tokens
        self.ended: Flags = np.zeros(0, np.bool_)  # [N] whether the last is the end symbol


class GreedySearch:
    """One row a sentence, until the end symbol."""

    beam = candidates = 1

    def __init__(
        self, end_id: int, penalty: Callable[[Any, Any], Any], *, forced_end: bool = False
    ) -> None:
        """`penalty` of length and α divides the score.

        `forced_end` ends what reaches the longest length, at no cost.
        """
        self._end, self._penalty, self._forced_end = end_id, penalty, forced_end
        self._state = GreedyState()

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        """Begin a sentence of at most `limit` tokens at `slot`."""
        s = self._state
        s.reserve(slot, limit)
        s.step[slot], s.limit[slot], s.alpha[slot] = 0, limit, options.length_penalty
        s.logp[slot], s.ended[slot] = 0, False

    def move(self, source: int, target: int) -> None:
        """Let the sentence at slot `source` go on at slot `target`."""
        self._state.move(source, target)

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, Flags]:
        """See `Search.advance`."""
        s = self._state.live(size)
        last = s.step + 1 >= s.limit
        forced = last & self._forced_end
        token = np.where(forced, self._end, ids[:, 0])
        s.tokens[np.arange(size), 0, s.step] = token
        s.logp += np.where(forced, np.float32(0), logprobs[:, 0])
        s.step += 1
        s.ended[:] = token == self._end
        return token[:, None], np.zeros((size, 1), np.int64), s.ended | last

    def result(self, slot: int) -> tuple[Hypothesis, ...]:
        """The one hypothesis at `slot`."""
        s = self._state
        steps, ended = int(s.step[slot]), bool(s.ended[slot])
        score = float(s.logp[slot] / self._penalty(s.step[slot], s.alpha[slot]))
        ids = tuple(s.tokens[slot, 0, : steps - ended].tolist())
        return (Hypothesis(ids, score, steps, ended),)
