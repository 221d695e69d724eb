"""CRC-32C (Castagnoli) of large arrays with NumPy: lanes of equal length side by side, then joined."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

POLYNOMIAL = 0x82F63B78  # reflected
SMALL = 1 << 14  # bytes: fewer go one by one
MOST_LANES = 1 << 14


def crc32c(data: npt.NDArray[np.uint8]) -> int:
    """The checksum of the bytes `data` [n]."""
    register, done = 0xFFFFFFFF, 0
    if len(data) >= SMALL:
        lanes = 64
        while 2 * lanes <= min(MOST_LANES, len(data) // (256 * lanes)):
            lanes *= 2
        words = len(data) // (4 * lanes)
        done = 4 * lanes * words
        register = _lanes(register, data[:done].view("<u4").reshape(lanes, words))
    table = _bytes()
    for byte in data[done:].tolist():
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    """The form in which LevelDB tables and TensorFlow store a checksum."""
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _lanes(first: int, words: Words) -> int:
    """The register after `words` [lanes, n], one lane after the other, beginning with `first`."""
    low, high = _halves()
    register = np.zeros(len(words), np.uint32)
    register[0] = first
    for column in words.T:
        register ^= column
        register = low.take(register & 0xFFFF) ^ high.take(register >> 16)
    shift = _zeros(4 * words.shape[1])
    while len(register) > 1:
        register = _apply(shift, register[::2]) ^ register[1::2]
        shift = _apply(shift, shift)
    return int(register[0])


@cache
def _bytes() -> list[int]:
    """What the register becomes after one byte of zeros, for each of its lowest bytes."""
    register = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        register = np.where(
            register & 1, (register >> 1) ^ np.uint32(POLYNOMIAL), register >> 1
        ).astype(np.uint32)
    return register.tolist()


@cache
def _halves() -> tuple[Words, Words]:
    """What the register becomes after four bytes of zeros, for each of its lower and its upper
    halves.
    """
    half = np.arange(1 << 16, dtype=np.uint32)
    shift = _zeros(4)
    return _apply(shift, half), _apply(shift, half << np.uint32(16))


@cache
def _zeros(count: int) -> Words:
    """What `count` bytes of zeros make of a register: a linear map over GF(2), given by its 32
    bits' images.
    """
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    power, result = np.array(_bytes(), np.uint32)[bits & 0xFF] ^ (bits >> 8), bits
    while count:
        if count & 1:
            result = _apply(power, result)
        power = _apply(power, power)
        count >>= 1
    return result


def _apply(columns: Words, registers: Words) -> Words:
    result = np.zeros_like(registers)
    for bit, column in enumerate(columns):
        result ^= (registers >> np.uint32(bit) & np.uint32(1)) * column
    return result
