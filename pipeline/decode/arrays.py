"""Arrays of the decoder's buffers and searches, and how they grow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def doubled(have: int, need: int) -> int:
    """The size of something that grows: `have` where it suffices, else at least twice that."""
    return have if need <= have else max(need, 2 * have)


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
