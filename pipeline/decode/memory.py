"""What decoder layers remember of the tokens that each row has taken in, and a step writes in
place.

R rows, T target positions, h heads of size d, H hidden size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from pipeline.bundle import Dimensions
from pipeline.decode.arrays import Buffer, Floats


class Memory(Protocol):
    """Buffers with one entry a row, and what they are called in the step's graphs."""

    buffers: list[Buffer[np.float32]]
    names: list[str]  # behind `past_` and `present_`

    def shape(self, target_positions: int, /) -> tuple[int, ...]:
        """Of a row's entry, with room for so many tokens."""
        ...

    def begin(self, rows: slice) -> None:
        """Let the rows remember nothing."""
        ...

    def views(self, filled: int, /) -> Iterator[Floats]:
        """What there is to copy of rows that have taken in up to `filled` tokens."""
        ...


class Caches:
    """Keys and values of self-attention: 2L times [R, h, T, d].

    Where a row begins anew nothing is done: a step sees only what it has written.
    """

    def __init__(self, dimensions: Dimensions) -> None:
        layers = range(dimensions.num_decoder_layers)
        self.names = [f"{part}_{layer}" for layer in layers for part in ("key", "value")]
        self.buffers = [Buffer(np.float32, 4) for _ in self.names]
        self._heads, self._size = dimensions.num_heads, dimensions.head_size

    def shape(self, target_positions: int) -> tuple[int, ...]:
        """See `Memory.shape`."""
        return self._heads, target_positions, self._size

    def begin(self, rows: slice) -> None:
        """See `Memory.begin`."""

    def views(self, filled: int) -> Iterator[Floats]:
        """See `Memory.views`."""
        return (buffer.array[:, :, :filled] for buffer in self.buffers)


class States:
    """An SSRU's state, which has one size whatever it has seen: L times [R, H]."""

    def __init__(self, dimensions: Dimensions) -> None:
        self.names = [f"state_{layer}" for layer in range(dimensions.num_decoder_layers)]
        self.buffers = [Buffer(np.float32, 2) for _ in self.names]
        self._size = dimensions.hidden_size

    def shape(self, _: int) -> tuple[int, ...]:
        """See `Memory.shape`."""
        return (self._size,)

    def begin(self, rows: slice) -> None:
        """See `Memory.begin`."""
        for buffer in self.buffers:
            buffer.array[rows] = 0

    def views(self, _: int) -> Iterator[Floats]:
        """See `Memory.views`."""
        return (buffer.array for buffer in self.buffers)


def make_memory(dimensions: Dimensions) -> Memory:
    """The memory of a bundle's decoder, with no rows."""
    return States(dimensions) if dimensions.decoder == "ssru" else Caches(dimensions)
