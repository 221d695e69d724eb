"""Arrays of the decoder's buffers and searches, and how they grow."""

from __future__ import annotations

import math
from typing import Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)


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


class Buffer(Generic[Scalar]):
    """One array that changes its shape, laid over flat memory that is kept while it suffices.

    `array` is the only view of that memory: `reshape` replaces it, and what was taken from it
    before must no longer be used.
    """

    def __init__(self, dtype: type[Scalar], dimensions: int) -> None:
        self._memory: npt.NDArray[Scalar] = np.zeros(0, dtype)
        self.array = self._memory.reshape((0,) * dimensions)

    def reshape(self, shape: tuple[int, ...], live: int, *, tight: bool = False) -> None:
        """Give `array` this shape; its first `live` entries keep what they hold.

        These have zeros where they grew; the other entries hold anything. Beside the memory there
        is only a copy of the live entries meanwhile. If `tight`, memory that the shape does not
        need is given back.
        """
        if self.array.shape == shape:
            return
        overlap = tuple(map(min, self.array.shape[1:], shape[1:]))
        common = tuple(map(slice, (live, *overlap)))
        kept = self.array[common].copy()
        size, dtype = math.prod(shape), self._memory.dtype
        if self._memory.size < size or tight:
            # Both names let go of the old memory before there is new.
            self.array = self._memory = np.zeros(0, dtype)
            self._memory = np.zeros(size, dtype)
        self.array = self._memory[:size].reshape(shape)
        self.array[:live] = 0
        self.array[common] = kept
