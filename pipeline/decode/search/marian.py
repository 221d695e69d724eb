"""Beam search by the rules of Hugging Face's `generate`, which Marian models are published for.

They differ from CSANMT's: hypotheses are compared by log p / n^α when they are finished and by log
p while they are alive, an end symbol counts only among the best K candidates, and a sentence is
done once K hypotheses are finished and the best alive one, at its present length, is no better than
the worst of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.decode.arrays import Floats, Ints
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search.slots import (
    Slots,
    candidates,
    continued,
    merge,
    rows,
    top,
    without_repeats,
)

DEMOTED = np.float32(-1e9)


class MarianSearch:
    def __init__(self, beam: int, end_id: int, vocab_size: int, *, forced_end: bool) -> None:
        """With `forced_end` every hypothesis that reaches the longest length ends there, at no
        cost.
        """
        self.beam, self.candidates = beam, 2 * beam
        self._end, self._vocab, self._forced_end = end_id, vocab_size, forced_end
        self._slots = Slots()

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        k = self.beam
        scores, tokens = ((k,), np.float32), ((k, limit), np.int64)
        flags, number = ((k,), np.bool_), ((), np.int64)
        self._slots.room(
            slot,
            **{
                "alive": tokens,
                "alive_logp": scores,
                "finished_tokens": tokens,
                "finished_score": scores,
            },
            **{"finished_flag": flags, "finished_cut": flags, "finished_length": ((k,), np.int64)},
            **{"step": number, "limit": number, "alpha": ((), np.float64), "ngram": number},
        )
        s = self._slots
        s["ngram"][slot] = options.no_repeat_ngram
        s["alive_logp"][slot] = s["finished_score"][slot] = DEMOTED
        s["alive_logp"][slot, 0] = 0
        s["finished_flag"][slot] = False
        s["step"][slot], s["limit"][slot], s["alpha"][slot] = 0, limit, options.length_penalty

    def move(self, source: int, target: int) -> None:
        self._slots.move(source, target)

    def advance(
        self, size: int, ids: Ints, logprobs: Floats
    ) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        s = self._slots.live(size)
        ids, row = ids.reshape(size, self.beam, -1), rows(size)
        logprobs = without_repeats(s, ids, logprobs.reshape(ids.shape))
        length = s["step"] + 1
        last = length >= s["limit"]
        if self._forced_end:
            ids, logprobs = force(self._end, last, ids, logprobs)
        score, parent, token = candidates(
            ids, s["alive_logp"][:, :, None] + logprobs, self.beam, self._vocab
        )
        sequences = continued(s["alive"], parent, token, s["step"])
        over = (token == self._end) | last[:, None]
        order, alive = top(score + over * DEMOTED, self.beam)

        finished = over & (np.arange(2 * self.beam) < self.beam)
        normalised = score / plain_penalty(length, s["alpha"])[:, None] + ~finished * DEMOTED
        lengths = np.broadcast_to(length[:, None], over.shape)
        new = {"flag": finished, "cut": token != self._end, "length": lengths, "tokens": sequences}
        merge(s, self.beam, normalised, **new)
        s["alive"][:] = sequences[row, order]
        s["alive_logp"][:] = alive
        s["step"] += 1
        done = ~self._may_improve(s) | over.all(axis=1)
        return token[row, order], parent[row, order], done

    def _may_improve(self, s: dict[str, Any]) -> npt.NDArray[np.bool_]:
        hope = s["alive_logp"][:, 0] / plain_penalty(s["step"], s["alpha"])
        worst = np.where(s["finished_flag"].all(axis=1), s["finished_score"].min(axis=1), DEMOTED)
        better: npt.NDArray[np.bool_] = hope > worst
        return better

    def result(self, slot: int) -> tuple[Hypothesis, ...]:
        s = {name: array[slot] for name, array in self._slots.live(slot + 1).items()}
        hypotheses = []
        for k in np.nonzero(s["finished_flag"])[0]:
            cut = bool(s["finished_cut"][k])
            ids = s["finished_tokens"][k, : s["finished_length"][k] - (not cut)].tolist()
            hypotheses.append(
                Hypothesis(tuple(ids), float(s["finished_score"][k]), int(s["step"]), not cut)
            )
        return tuple(hypotheses)


def force(
    end_id: int, rows: npt.NDArray[np.bool_], ids: Ints, logprobs: Floats
) -> tuple[Ints, Floats]:
    """Candidates [N, K, C] whose only choice in the sentences `rows` [N] is the end symbol, at
    probability 1.
    """
    forced = np.full_like(logprobs, -np.inf)
    forced[..., 0] = 0
    where = rows[:, None, None]
    return np.where(where, end_id, ids), np.where(where, forced, logprobs)


def plain_penalty(length: Any, alpha: Any) -> Any:
    """n^α in float32."""
    return np.power(np.asarray(length, np.float64), alpha).astype(np.float32)
