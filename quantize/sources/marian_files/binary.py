"""Marian's binary format, version 1 (docs/sources/firefox.md has its layout)."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError
from quantize.network import Array
from quantize.sources.marian_files.tensors import (
    OPTIONS,
    MarianFile,
    Tensor,
    damaged,
    no_options,
    options_text,
)

VERSION, ENCRYPTED = 1, 2
FLOATS: dict[int, npt.DTypeLike] = {0x0402: np.float16, 0x0404: np.float32, 0x0408: np.float64}
INTEGERS: dict[int, npt.DTypeLike] = {0x4101: np.int8, 0x4102: np.int16}  # intgemm8, intgemm16
BYTES = 0x0101
PACKED, INTGEMM = 0x0800, 0x4000  # bits of the types that FBGEMM and intgemm have
MOST_ITEMS, LONGEST_NAME, MOST_SIZES = 1 << 16, 1 << 10, 8  # of files that are no accident


@dataclass(frozen=True)
class Item:
    """An entry of the file's index."""

    name: str
    kind: int
    shape: tuple[int, ...]
    start: int
    size: int  # bytes, with what fills them up


def is_binary(head: bytes) -> bool:
    """Whether a file that begins with `head` is a model in this format, of a version we know."""
    return len(head) >= 16 and struct.unpack_from("<Q", head)[0] in (VERSION, ENCRYPTED)


def read_binary(plain: Path, path: Path) -> MarianFile:
    """The model in the file `plain`, which its user knows as `path`.

    Its tensors are read at each access. Raises UserError for what is damaged, or packed for one
    kind of processor.
    """
    with plain.open("rb") as file:
        items = {item.name: item for item in _index(path, file)}
        options = items.pop(OPTIONS, None)
        if options is None:
            raise no_options(path)
        file.seek(options.start)
        text = options_text(path, file.read(options.size))
    tensors = {
        name: _tensor(plain, path, item) for name, item in items.items() if item.kind != BYTES
    }
    return MarianFile(path, text, tensors)


def _index(path: Path, file: BinaryIO) -> list[Item]:
    reader = _Reader(path, file)
    (version,) = reader.numbers("Q", 1)
    if version == ENCRYPTED:
        raise UserError(f"{path} is encrypted (version 2): ask its makers for version {VERSION}")
    if version != VERSION:
        raise UserError(f"{path} is of version {version}: Marian's version {VERSION} is supported")
    (count,) = reader.numbers("Q", 1)
    reader.bound(count, MOST_ITEMS, "items")
    heads = [reader.numbers("Q", 4) for _ in range(count)]
    names = [reader.name(length) for length, *_ in heads]
    shapes = []
    for *_, sizes, _ in heads:
        reader.bound(sizes, MOST_SIZES, "dimensions")
        shapes.append(reader.numbers("i", sizes))
    (offset,) = reader.numbers("Q", 1)
    reader.take(offset)
    items = []
    for name, shape, (_, kind, _, size) in zip(names, shapes, heads, strict=True):
        items.append(Item(name, kind, shape, reader.position, size))
        reader.skip(size, name)
    return items


def _tensor(plain: Path, path: Path, item: Item) -> Tensor:
    numbers = math.prod(item.shape)
    if min(item.shape, default=1) < 1:
        raise damaged(path, f"{item.name} has the shape {list(item.shape)}")
    if item.kind in FLOATS:
        kind = np.dtype(FLOATS[item.kind])
        _check_size(path, item, numbers * kind.itemsize)
        return Tensor(path, item.name, item.shape, _reader(plain, item, kind, item.shape))
    if item.kind not in INTEGERS:
        raise UserError(f"{path}: {item.name} is {_kind_name(item.kind)}: name a file without that")
    kind = np.dtype(INTEGERS[item.kind])
    _check_size(path, item, numbers * kind.itemsize + 4)
    with plain.open("rb") as file:
        file.seek(item.start + numbers * kind.itemsize)
        (multiplier,) = struct.unpack("<f", file.read(4))
    if not (math.isfinite(multiplier) and multiplier > 0):
        raise UserError(f"{path}: {item.name} is multiplied by {multiplier}: copy it anew")
    # Embeddings lie as their shape says, other matrices turned.
    turned = "Wemb" not in item.name
    shape = item.shape[::-1] if turned else item.shape
    read = _reader(plain, item, kind, shape)
    stored = (lambda: read().T) if turned else read
    scale = np.float32(1) / np.float32(multiplier)
    return Tensor(path, item.name, item.shape, stored, scale, 8 * kind.itemsize)


def _reader(
    plain: Path, item: Item, kind: np.dtype[Any], shape: tuple[int, ...]
) -> Callable[[], Array]:
    def read() -> Array:
        little, count = kind.newbyteorder("<"), math.prod(shape)
        values: Array = np.fromfile(plain, little, count, offset=item.start)
        return values.reshape(shape)

    return read


def _check_size(path: Path, item: Item, needed: int) -> None:
    if item.size < needed:
        raise damaged(path, f"{item.name} has {item.size} bytes, its shape needs {needed}")


def _kind_name(kind: int) -> str:
    if kind & PACKED:
        return "packed by FBGEMM for one kind of processor"
    if kind & INTGEMM:
        return "in intgemm's layout for one kind of processor"
    return f"of the type {kind:#x}, which no model here has"


class _Reader:
    """Reads the index, and knows that a file has an end."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self.position = 0

    def take(self, count: int) -> bytes:
        if count > self._size - self.position:
            raise damaged(self._path, "its index is longer than the file")
        self.position += count
        return self._file.read(count)

    def numbers(self, kind: str, count: int) -> tuple[int, ...]:
        form = struct.Struct(f"<{count}{kind}")
        return form.unpack(self.take(form.size))

    def name(self, length: int) -> str:
        self.bound(length, LONGEST_NAME, "bytes of a name")
        try:
            return self.take(length).rstrip(b"\0").decode("utf-8")
        except UnicodeDecodeError:
            raise damaged(self._path, "a name is no text") from None

    def skip(self, count: int, name: str) -> None:
        if count > self._size - self.position:
            raise damaged(self._path, f"{name} goes beyond the end of the file")
        self.position += count

    def bound(self, found: int, most: int, what: str) -> None:
        if found > most:
            raise damaged(self._path, f"{found} {what}")
