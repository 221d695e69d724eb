"""Buffers keep what live entries hold, whatever shapes they take."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decode.arrays import Buffer, grown

SHAPES = st.lists(
    st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(1, 9)), min_size=1, max_size=12
)


def memory_of(array: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The array that owns the memory."""
    return array if array.base is None else memory_of(array.base)


def reference(
    old: npt.NDArray[np.int64], shape: tuple[int, ...], live: int
) -> npt.NDArray[np.int64]:
    """The live entries of `shape`: what they held, beside zeros."""
    new = np.zeros((live, *shape[1:]), np.int64)
    common = tuple(
        slice(min(sizes)) for sizes in zip((live, *old.shape[1:]), new.shape, strict=True)
    )
    new[common] = old[common]
    return new


@given(SHAPES, st.data())
def test_live_entries_keep_what_they_hold_whatever_the_shapes(
    shapes: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    buffer = Buffer(np.int64, 3)
    largest = 0
    for count, shape in enumerate(shapes, 1):
        live = data.draw(st.integers(0, min(len(buffer.array), shape[0])))
        expected = reference(buffer.array, shape, live)
        tight = data.draw(st.booleans())
        changes = buffer.array.shape != shape
        buffer.reshape(shape, live, tight=tight)
        assert buffer.array.shape == shape
        assert np.array_equal(buffer.array[:live], expected)
        assert buffer.array.flags.c_contiguous and buffer.array.flags.writeable
        size = math.prod(shape)
        largest = size if tight and changes else max(largest, size)
        assert memory_of(buffer.array).size == largest
        buffer.array[...] = np.arange(count * 1000, count * 1000 + buffer.array.size).reshape(shape)


@given(SHAPES)
def test_buffers_share_no_memory(shapes: list[tuple[int, int, int]]) -> None:
    first, second = Buffer(np.float32, 3), Buffer(np.float32, 3)
    for number, shape in enumerate(shapes, 1):
        for buffer in (first, second):
            buffer.reshape(shape, 0)
        first.array[...], second.array[...] = number, -number
        assert (first.array == number).all() and (second.array == -number).all()


def test_the_old_memory_is_free_before_there_is_new() -> None:
    size = 1_000_000
    tracemalloc.start()
    try:
        buffer = Buffer(np.float32, 2)
        buffer.reshape((size, 1), 0)
        buffer.array[...] = 1
        buffer.reshape((2 * size, 1), 10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.1 * buffer.array.nbytes
    assert buffer.array[:10].all()


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_what_grows_at_least_doubles(size: int, needed: int) -> None:
    assert grown(size, needed) == (size if needed <= size else max(needed, 2 * size))
