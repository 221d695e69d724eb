"""State of the sentences in a batch's slots, and what every search does with candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.decode.arrays import Floats, Ints, doubled, resized

BARRED = np.float32(-1e9)  # low enough to lose, and far from overflowing


class Slots:
    """Arrays that share their first axis, the slot, and grow together."""

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def room(self, slot: int, **like: tuple[tuple[int, ...], npt.DTypeLike]) -> None:
        """Make place for `slot` and for the given trailing shapes.

        Each axis grows for itself, by doubling.
        """
        for name, (shape, dtype) in like.items():
            have = self._arrays.get(name, np.zeros((0,) * (len(shape) + 1), dtype))
            want = tuple(map(doubled, have.shape, (slot + 1, *shape)))
            self._arrays[name] = resized(have, want, len(have))

    def move(self, source: int, target: int) -> None:
        for array in self._arrays.values():
            array[target] = array[source]

    def live(self, size: int) -> dict[str, npt.NDArray[Any]]:
        """The arrays of slots 0 … size-1, which may be written to."""
        return {name: array[:size] for name, array in self._arrays.items()}

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name]


def candidates(ids: Ints, score: Floats, beam: int, vocab_size: int) -> tuple[Floats, Ints, Ints]:
    """Scores, parents and tokens of the best 2K continuations [N, 2K], ties to the lower beam, then
    token.

    `ids` and `score` are those of all beams' candidates: [N, K, C].
    """
    size, k, c = score.shape
    beams = np.repeat(np.arange(k), c)
    flat, tokens = score.reshape(size, k * c), ids.reshape(size, k * c)
    best = np.lexsort((beams * vocab_size + tokens, -flat), axis=1)[:, : 2 * beam]
    row = rows(size)
    return flat[row, best], beams[best], tokens[row, best]


def rows(size: int) -> Ints:
    """[N, 1]: beside an index [N, C], picks from each sentence's own row, faster than
    `take_along_axis`.
    """
    return np.arange(size)[:, None]


def without_repeats(slots: dict[str, Any], ids: Ints, logprobs: Floats) -> Floats:
    """The log-probabilities [N, K, C], barring candidates that would end an n-gram their beam has
    already.

    Of the slots' arrays it reads `ngram` (0: any may come again), `alive` and `step`.
    """
    if not slots["ngram"].any():
        return logprobs
    allowed = logprobs.copy()
    for slot in np.nonzero(slots["ngram"])[0]:
        for beam, sequence in enumerate(slots["alive"][slot, :, : slots["step"][slot]].tolist()):
            taken = following(sequence, int(slots["ngram"][slot]))
            allowed[slot, beam, [token in taken for token in ids[slot, beam].tolist()]] = BARRED
    return allowed


def following(sequence: list[int], n: int) -> set[int]:
    """The tokens after which the sequence would hold an n-gram for the second time."""
    last = sequence[len(sequence) - n + 1 :] if n > 1 else []
    return {
        sequence[i + n - 1] for i in range(len(sequence) - n + 1) if sequence[i : i + n - 1] == last
    }


def continued(sequences: Ints, parents: Ints, tokens: Ints, step: Ints) -> Ints:
    """The sequences [N, K, T] of `parents` [N, C] with `tokens` [N, C] at each sentence's step [N]."""
    row = rows(len(sequences))
    longer: Ints = sequences[row, parents]
    longer[row, np.arange(tokens.shape[1]), step[:, None]] = tokens
    return longer


def top(score: Floats, count: int) -> tuple[Ints, Floats]:
    """Indices and values of the `count` largest of each row, equal ones in their order."""
    order = np.argsort(-score, axis=1, kind="stable")[:, :count]
    return order, score[rows(len(score)), order]


def merge(slots: dict[str, Any], count: int, score: Floats, **new: npt.NDArray[Any]) -> None:
    """Keep the `count` best of the finished and the newly ended, the older first where scores are
    equal.

    `score` and the arrays `new` belong to the slots' arrays of the same name after "finished_".
    """
    order, best = top(np.concatenate([slots["finished_score"], score], axis=1), count)
    row = rows(len(score))
    for name, array in new.items():
        pool = np.concatenate([slots[f"finished_{name}"], array], axis=1)
        slots[f"finished_{name}"][:] = pool[row, order]
    slots["finished_score"][:] = best
