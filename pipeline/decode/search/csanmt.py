"""CSANMT's exact beam search (docs/csanmt.md)."""

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

LOWEST = np.float32(np.finfo(np.float32).min)


class BeamSearch:
    """The best 2K of all beams' continuations feed K alive and K finished hypotheses.

    The end symbol counts in the length; one finished hypothesis suffices to stop once no alive one
    can pass it under the most favourable length.
    """

    def __init__(self, beam: int, end_id: int, vocab_size: int) -> None:
        self.beam, self.candidates = beam, 2 * beam
        self._end, self._vocab = end_id, vocab_size
        self._slots = Slots()

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        k, length = self.beam, limit
        scores, tokens = ((k,), np.float32), ((k, length), np.int64)
        number = ((), np.int64)
        self._slots.room(
            slot,
            **{"alive": tokens, "alive_logp": scores, "alive_score": scores},
            **{
                "finished_tokens": tokens,
                "finished_score": scores,
                "finished_flag": ((k,), np.bool_),
            },
            **{
                "finished_length": ((k,), np.int64),
                "step": number,
                "limit": number,
                "alpha": ((), np.float32),
            },
            **{"ngram": number},
        )
        s = self._slots
        s["ngram"][slot] = options.no_repeat_ngram
        s["alive"][slot] = s["finished_tokens"][slot] = self._end
        s["alive_logp"][slot] = LOWEST
        s["alive_logp"][slot, 0] = 0
        s["finished_score"][slot] = LOWEST
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
        penalty = length_penalty(length, s["alpha"])[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            score = (s["alive_logp"][:, :, None] + logprobs) / penalty[:, :, None]
            score, parent, token = candidates(ids, score, self.beam, self._vocab)
            ended = token == self._end
            sequences = continued(s["alive"], parent, token, s["step"])
            order, alive_score = top(score + ended * LOWEST, self.beam)
            lengths = np.broadcast_to(length[:, None], ended.shape)
            merge(
                s, self.beam, score + ~ended * LOWEST, flag=ended, length=lengths, tokens=sequences
            )
            s["alive"][:] = sequences[row, order]
            s["alive_logp"][:] = (
                alive_score * penalty
            )  # divided, then multiplied again: as the reference rounds
            s["alive_score"][:] = alive_score
        s["step"] += 1
        return token[row, order], parent[row, order], self._done(s)

    def _done(self, s: dict[str, Any]) -> npt.NDArray[np.bool_]:
        with np.errstate(over="ignore"):
            hope = s["alive_logp"][:, 0] / length_penalty(s["limit"], s["alpha"])
            any_finished = s["finished_flag"].any(axis=1)
            worst = (s["finished_score"] * s["finished_flag"]).min(axis=1) + ~any_finished * LOWEST
        done: npt.NDArray[np.bool_] = (worst > hope) | (s["step"] >= s["limit"])
        return done

    def result(self, slot: int) -> tuple[Hypothesis, ...]:
        s = self._slots
        steps = int(s["step"][slot])
        flags = s["finished_flag"][slot]
        if not flags.any():
            pairs = zip(s["alive"][slot], s["alive_score"][slot], strict=True)
            return tuple(
                Hypothesis(tuple(row[:steps].tolist()), float(score), steps, False)
                for row, score in pairs
            )
        return tuple(
            Hypothesis(
                tuple(s["finished_tokens"][slot, k, : s["finished_length"][slot, k] - 1].tolist()),
                score,
                steps,
            )
            for k, score in enumerate(s["finished_score"][slot].tolist())
            if flags[k]
        )


def length_penalty(length: Any, alpha: Any) -> Any:
    """GNMT's ((5+n)/6)^α in float32."""
    ratio = ((np.float32(5) + np.asarray(length, np.float32)) / np.float32(6)).astype(np.float32)
    return np.power(ratio, np.asarray(alpha, np.float32))
