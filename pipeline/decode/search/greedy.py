"""The best token at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.decode.arrays import Floats, Ints
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search.slots import Slots


class GreedySearch:
    """One row a sentence, until the end symbol."""

    beam = candidates = 1

    def __init__(
        self, end_id: int, penalty: Callable[[Any, Any], Any], *, forced_end: bool = False
    ) -> None:
        """`penalty` of length and α divides the score.

        `forced_end` ends what reaches the longest length.
        """
        self._end, self._penalty, self._forced_end = end_id, penalty, forced_end
        self._slots = Slots()

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        number = ((), np.int64)
        self._slots.room(
            slot,
            **{"tokens": ((limit,), np.int64), "logp": ((), np.float32), "alpha": ((), np.float64)},
            **{"step": number, "limit": number, "ended": ((), np.bool_)},
        )
        s = self._slots
        s["logp"][slot], s["step"][slot], s["ended"][slot] = 0, 0, False
        s["limit"][slot], s["alpha"][slot] = limit, options.length_penalty

    def move(self, source: int, target: int) -> None:
        self._slots.move(source, target)

    def advance(
        self, size: int, ids: Ints, logprobs: Floats
    ) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        s = self._slots.live(size)
        last = s["step"] + 1 >= s["limit"]
        forced = last & self._forced_end
        token = np.where(forced, self._end, ids[:, 0])
        s["tokens"][np.arange(size), s["step"]] = token
        s["logp"] += np.where(forced, np.float32(0), logprobs[:, 0])
        s["step"] += 1
        s["ended"][:] = token == self._end
        return token[:, None], np.zeros((size, 1), np.int64), s["ended"] | last

    def result(self, slot: int) -> tuple[Hypothesis, ...]:
        s = self._slots
        steps, ended = int(s["step"][slot]), bool(s["ended"][slot])
        score = float(s["logp"][slot] / self._penalty(s["step"][slot], s["alpha"][slot]))
        return (
            Hypothesis(tuple(s["tokens"][slot, : steps - ended].tolist()), score, steps, ended),
        )
