"""Choosing tokens: CSANMT's exact beam search, and greedy (docs/csanmt.md).

Both keep one slot a sentence, in the slots of the batch, and work on all live sentences at once, each at
its own step. N sentences, K beams, C candidates a row (2K for beam search), V target vocabulary.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.session import Floats, Ints
from pipeline.types import DecodingOptions, Hypothesis

LOWEST = np.float32(np.finfo(np.float32).min)
BARRED = np.float32(-1e9)  # low enough to lose, and far from overflowing


class Search(Protocol):
    """What the engine asks of a way to search."""

    beam: int
    candidates: int

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None: ...

    def move(self, source: int, target: int) -> None: ...

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """Take the step's candidates [N·K, C]; returns tokens [N, K], parents [N, K] and who is done [N]."""
        ...

    def result(self, slot: int) -> tuple[Hypothesis, ...]: ...


class _Slots:
    """Arrays that share their first axis, the slot, and grow together."""

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def room(self, slot: int, **like: tuple[tuple[int, ...], npt.DTypeLike]) -> None:
        """Make place for `slot` and for the given trailing shapes."""
        for name, (shape, dtype) in like.items():
            have = self._arrays.get(name)
            old = have.shape if have is not None else (0,) * (len(shape) + 1)
            want = (max(slot + 1, old[0]), *(max(n, o) for n, o in zip(shape, old[1:], strict=True)))
            if have is None or want != old:
                grown = np.zeros((max(want[0], 2 * old[0]), *want[1:]), dtype)
                if have is not None:
                    grown[tuple(slice(n) for n in old)] = have
                self._arrays[name] = grown

    def move(self, source: int, target: int) -> None:
        for array in self._arrays.values():
            array[target] = array[source]

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name]


class BeamSearch:
    """CSANMT's: the best 2K of all beams' continuations feed K alive and K finished hypotheses.

    The end symbol counts in the length; one finished hypothesis suffices to stop once no alive one can
    pass it under the most favourable length.
    """

    def __init__(self, beam: int, end_id: int, vocab_size: int) -> None:
        self.beam, self.candidates = beam, 2 * beam
        self._end, self._vocab = end_id, vocab_size
        self._slots = _Slots()

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        k, length = self.beam, limit
        scores, tokens = ((k,), np.float32), ((k, length), np.int64)
        number = ((), np.int64)
        self._slots.room(
            slot,
            **{"alive": tokens, "alive_logp": scores, "alive_score": scores},
            **{"finished": tokens, "finished_score": scores, "finished_flag": ((k,), np.bool_)},
            **{"finished_length": ((k,), np.int64), "step": number, "limit": number, "alpha": ((), np.float32)},
            **{"ngram": number},
        )
        s = self._slots
        s["ngram"][slot] = options.no_repeat_ngram
        s["alive"][slot] = s["finished"][slot] = self._end
        s["alive_logp"][slot] = LOWEST
        s["alive_logp"][slot, 0] = 0
        s["finished_score"][slot] = LOWEST
        s["finished_flag"][slot] = False
        s["step"][slot], s["limit"][slot], s["alpha"][slot] = 0, limit, options.length_penalty

    def move(self, source: int, target: int) -> None:
        self._slots.move(source, target)

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        s = {name: array[:size] for name, array in self._slots._arrays.items()}
        penalty = _penalty(s["step"] + 1, s["alpha"])[:, None]
        if s["ngram"].any():
            logprobs = self._without_repeats(s, ids, logprobs)
        with np.errstate(over="ignore", invalid="ignore"):
            score, parent, token = self._best(size, ids, logprobs, s["alive_logp"], penalty)
            ended = token == self._end
            sequences = np.take_along_axis(s["alive"], parent[:, :, None], axis=1)
            np.put_along_axis(
                sequences, np.broadcast_to(s["step"][:, None, None], (*token.shape, 1)), token[:, :, None], 2
            )
            order, alive_score = _top(score + ended * LOWEST, self.beam)
            self._finish(s, sequences, score + ~ended * LOWEST, ended)
            s["alive"][:] = np.take_along_axis(sequences, order[:, :, None], axis=1)
            s["alive_logp"][:] = alive_score * penalty  # divided, then multiplied again: as the reference rounds
            s["alive_score"][:] = alive_score
        s["step"] += 1
        return np.take_along_axis(token, order, 1), np.take_along_axis(parent, order, 1), self._done(s)

    def _without_repeats(self, s: dict[str, Any], ids: Ints, logprobs: Floats) -> Floats:
        """The log-probabilities, barring the candidates that would end an n-gram their row has already."""
        allowed = logprobs.copy()
        for slot in np.nonzero(s["ngram"])[0]:
            for row in range(slot * self.beam, (slot + 1) * self.beam):
                sequence = s["alive"][slot, row % self.beam, : s["step"][slot]].tolist()
                taken = following(sequence, int(s["ngram"][slot]))
                allowed[row, [token in taken for token in ids[row].tolist()]] = BARRED
        return allowed

    def _best(
        self, size: int, ids: Ints, logprobs: Floats, alive: Floats, penalty: Floats
    ) -> tuple[Floats, Ints, Ints]:
        """Scores, parents and tokens of the best 2K continuations [N, 2K], ties to the lower beam, then token."""
        k, c = self.beam, ids.shape[1]
        score = ((alive[:, :, None] + logprobs.reshape(size, k, c)) / penalty[:, :, None]).reshape(size, k * c)
        beams = np.repeat(np.arange(k), c)
        place = beams * self._vocab + ids.reshape(size, k * c)
        best = np.lexsort((place, -score), axis=1)[:, : 2 * k]
        token = np.take_along_axis(ids.reshape(size, k * c), best, 1)
        return np.take_along_axis(score, best, 1), beams[best], token

    def _finish(self, s: dict[str, Any], sequences: Ints, score: Floats, ended: npt.NDArray[np.bool_]) -> None:
        """Keep the K best of the finished and the newly ended, the older first where scores are equal."""
        length = np.broadcast_to(s["step"][:, None] + 1, ended.shape)
        order, best = _top(np.concatenate([s["finished_score"], score], axis=1), self.beam)
        for name, new in (("finished_flag", ended), ("finished_length", length)):
            s[name][:] = np.take_along_axis(np.concatenate([s[name], new], axis=1), order, 1)
        pool = np.concatenate([s["finished"], sequences], axis=1)
        s["finished"][:] = np.take_along_axis(pool, order[:, :, None], axis=1)
        s["finished_score"][:] = best

    def _done(self, s: dict[str, Any]) -> npt.NDArray[np.bool_]:
        with np.errstate(over="ignore"):
            hope = s["alive_logp"][:, 0] / _penalty(s["limit"], s["alpha"])
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
            return tuple(Hypothesis(tuple(row[:steps].tolist()), float(score), steps, False) for row, score in pairs)
        return tuple(
            Hypothesis(tuple(s["finished"][slot, k, : s["finished_length"][slot, k] - 1].tolist()), score, steps)
            for k, score in enumerate(s["finished_score"][slot].tolist())
            if flags[k]
        )


class GreedySearch:
    """The best token at every step until the end symbol."""

    beam = candidates = 1

    def __init__(self, end_id: int) -> None:
        self._end = end_id
        self._slots = _Slots()

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        number = ((), np.int64)
        self._slots.room(
            slot,
            **{"tokens": ((limit,), np.int64), "logp": ((), np.float32), "alpha": ((), np.float32)},
            **{"step": number, "limit": number, "ended": ((), np.bool_)},
        )
        s = self._slots
        s["logp"][slot], s["step"][slot], s["ended"][slot] = 0, 0, False
        s["limit"][slot], s["alpha"][slot] = limit, options.length_penalty

    def move(self, source: int, target: int) -> None:
        self._slots.move(source, target)

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        s = {name: array[:size] for name, array in self._slots._arrays.items()}
        token = ids[:, 0]
        s["tokens"][np.arange(size), s["step"]] = token
        s["logp"] += logprobs[:, 0]
        s["step"] += 1
        s["ended"][:] = token == self._end
        return token[:, None], np.zeros((size, 1), np.int64), s["ended"] | (s["step"] >= s["limit"])

    def result(self, slot: int) -> tuple[Hypothesis, ...]:
        s = self._slots
        steps, ended = int(s["step"][slot]), bool(s["ended"][slot])
        score = float(s["logp"][slot] / _penalty(s["step"][slot], s["alpha"][slot]))
        return (Hypothesis(tuple(s["tokens"][slot, : steps - ended].tolist()), score, steps, ended),)


def make_search(options: DecodingOptions, end_id: int, vocab_size: int) -> Search:
    return GreedySearch(end_id) if options.greedy else BeamSearch(options.beam_size, end_id, vocab_size)


def following(sequence: list[int], n: int) -> set[int]:
    """The tokens after which the sequence would hold an n-gram for the second time."""
    last = sequence[len(sequence) - n + 1 :] if n > 1 else []
    return {sequence[i + n - 1] for i in range(len(sequence) - n + 1) if sequence[i : i + n - 1] == last}


def _penalty(length: Any, alpha: Any) -> Any:
    """GNMT's ((5+n)/6)^α in float32."""
    ratio = ((np.float32(5) + np.asarray(length, np.float32)) / np.float32(6)).astype(np.float32)
    return np.power(ratio, np.asarray(alpha, np.float32))


def _top(score: Floats, count: int) -> tuple[Ints, Floats]:
    """Indices and values of the `count` largest of each row, equal ones in their order."""
    order = np.argsort(-score, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(score, order, 1)
