"""Arrays of the decoder's buffers and searches, and how they grow."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def grown(size: int, needed: int) -> int:
    """The size of something that grows: `size` where it suffices, else at least twice that."""
    return size if needed <= size else max(needed, 2 * size)


class SlotArrays:
    """Arrays with one entry a slot, which grow and move together.

    A subclass has no attributes but arrays of shape [N], [N, K] or [N, K, T]: N slots, K beams, T
    target positions. It makes them with no slots and no positions.
    """

    def reserve(self, slot: int, length: int) -> None:
        """Make room for `slot` and for `length` target positions. What the arrays hold stays."""
        for name, array in vars(self).items():
            needed = (slot + 1, *array.shape[1:2], length)[: array.ndim]
            shape = tuple(map(grown, array.shape, needed))
            if shape != array.shape:
                larger = np.zeros(shape, array.dtype)
                larger[tuple(map(slice, array.shape))] = array
                setattr(self, name, larger)

    def move(self, source: int, target: int) -> None:
        """Copy the entry of slot `source` over that of slot `target`."""
        for array in vars(self).values():
            array[target] = array[source]

    def live(self, size: int) -> Self:
        """The arrays of slots 0 … size-1, as views that may be written to.

        They are valid until the next `reserve`.
        """
        views = object.__new__(type(self))
        views.__dict__ = {name: array[:size] for name, array in vars(self).items()}
        return views


def resized(old: npt.NDArray[Any], shape: tuple[int, ...], live: int) -> npt.NDArray[Any]:
    """An array of `shape`, its first `live` entries as in `old`, zeros where they grew.

    In its memory if it can.
    """
    if old.shape == shape:
        return old
    common = (
        slice(live),
        *(slice(min(sizes)) for sizes in zip(old.shape[1:], shape[1:], strict=True)),
    )
    kept = old[common].copy()
    memory = (old if old.base is None else old.base).reshape(-1)
    if memory.size < math.prod(shape):
        memory = np.zeros(math.prod(shape), old.dtype)
    new = memory[: math.prod(shape)].reshape(shape)
    new[:live] = 0
    new[common] = kept
    return new
