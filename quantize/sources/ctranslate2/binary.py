"""CTranslate2's `model.bin`, binary versions 2 to 6: named tensors of several number types.

docs/sources/ctranslate2.md has the layout. Tensors are read at each access, out of a mapped file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.errors import UserError
from quantize.network import Array

Content = Any  # bytes, or a mapped file
OLDEST, NEWEST = 2, 6  # binary versions
BFLOAT16 = "bfloat16"  # which NumPy does not know
TYPES = ("<f4", "<i1", "<i2", "<i4", "<f2", BFLOAT16)  # by their numbers from version 4 on
OLDER_TYPES = {4: "<f4", 2: "<i2", 1: "<i1"}  # by their sizes, before
SIZES = {kind: 2 if kind == BFLOAT16 else np.dtype(kind).itemsize for kind in TYPES}
# Integers of 16 bits without a scale of their own have this one.
USUAL_INT16_SCALE = np.float32(1000.0)


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies in the file."""

    kind: str  # one of TYPES
    shape: tuple[int, ...]
    start: int


class ModelFile:
    """A `model.bin`."""

    def __init__(self, content: Content, where: str) -> None:
        """`where` names the file in errors; raises UserError for one that cannot be read."""
        cursor = _Cursor(content, where)
        self._content, self.where = content, where
        self.version = cursor.number("I")
        if not OLDEST <= self.version <= NEWEST:
            raise UserError(
                f"{where}: no CTranslate2 model of binary version {OLDEST} to {NEWEST}: "
                "convert the model anew, or copy the file anew"
            )
        self.spec = cursor.text()
        self.revision = cursor.number("I")
        self._entries = dict(self._entry(cursor) for _ in range(cursor.number("I")))
        self._aliases: dict[str, str] = {}
        if self.version >= 3:
            for _ in range(cursor.number("I")):
                alias = cursor.text()
                self._aliases[alias] = cursor.text()
        if cursor.left or not self._entries.keys() >= set(self._aliases.values()):
            raise cursor.damaged()

    def _entry(self, cursor: _Cursor) -> tuple[str, Entry]:
        name, rank = cursor.text(), cursor.number("B")
        shape = tuple(cursor.number("I") for _ in range(rank))
        number = cursor.number("B")
        if self.version >= 4:
            kind = TYPES[number] if number < len(TYPES) else ""
            size = cursor.number("I")
        else:
            kind = OLDER_TYPES.get(number, "")
            size = cursor.number("I") * number
        if not kind or math.prod(shape) * SIZES[kind] != size:
            raise cursor.damaged()
        return name, Entry(kind, shape, cursor.skip(size))

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        """The names of all tensors, aliases among them."""
        yield from self._entries
        yield from self._aliases

    def owner(self, name: str) -> str:
        """The tensor that `name` stands for: itself, or what it is an alias of."""
        return self._aliases.get(name, name)

    def shape(self, name: str) -> tuple[int, ...]:
        """Raises UserError for a tensor that is missing."""
        return self._found(name).shape

    def kind(self, name: str) -> str:
        """The number type, one of TYPES; raises UserError for a tensor that is missing."""
        return self._found(name).kind

    def stored(self, name: str) -> Array:
        """A tensor as the file has it, bfloat16 as float32."""
        entry = self._found(name)
        count = math.prod(entry.shape)
        bfloat = entry.kind == BFLOAT16
        kind = np.dtype("<u2" if bfloat else entry.kind)
        array = np.frombuffer(self._content, kind, count, entry.start).reshape(entry.shape)
        return (array.astype(np.uint32) << 16).view(np.float32) if bfloat else array

    def number(self, name: str, default: float) -> float:
        """A tensor of a single number; `default` where there is none."""
        if name not in self:
            return default
        array = self.stored(name)
        if array.size != 1:
            raise UserError(f"{self.where}: {name} is no single number: copy the file anew")
        return float(array.reshape(-1)[0])

    def text(self, name: str, default: str) -> str:
        """A tensor of characters; `default` where there is none."""
        if name not in self:
            return default
        return self.stored(name).astype(np.int8).tobytes().decode("utf-8", "replace")

    def scales(self, name: str) -> Array | None:
        """What integers are multiplied by [rows] or []; None where a tensor has no integers."""
        if self.kind(name) not in ("<i1", "<i2"):
            return None
        scale = f"{self.owner(name)}_scale"
        if scale not in self and self.kind(name) == "<i2":
            return np.array(1 / USUAL_INT16_SCALE)
        shape = self.shape(scale)
        if shape not in ((), self.shape(name)[:1]):
            raise UserError(f"{self.where}: {scale} has shape {list(shape)}: copy the file anew")
        with np.errstate(divide="ignore"):
            inverse: Array = np.float32(1) / self.stored(scale).astype(np.float32)
        return inverse

    def floats(self, name: str, rows: slice = slice(None)) -> Array:
        """A tensor's `rows` as float32, scales applied; raises UserError for what is no number."""
        array, scales = self.stored(name)[rows], self.scales(name)
        result: Array = array.astype(np.float32)
        if scales is not None:
            by_row = scales[rows].reshape(-1, *(1,) * (array.ndim - 1)) if scales.ndim else scales
            with np.errstate(over="ignore", invalid="ignore"):
                result *= by_row
        if not np.isfinite(result).all():
            raise UserError(
                f"{self.where}: {name} has values that are no numbers: copy the file anew"
            )
        return result

    def _found(self, name: str) -> Entry:
        found = self._entries.get(self.owner(name))
        if found is None:
            raise UserError(f"{self.where}: it has no {name}: is it a Transformer's, and complete?")
        return found


class _Cursor:
    """Reads the file's head from its start on."""

    def __init__(self, content: Content, where: str) -> None:
        self._content, self._where, self._at = content, where, 0

    @property
    def left(self) -> int:
        return len(self._content) - self._at

    def skip(self, size: int) -> int:
        """Pass over bytes; returns where they begin."""
        if size > self.left:
            raise UserError(f"{self._where} is cut off: copy it anew")
        self._at += size
        return self._at - size

    def number(self, kind: str) -> int:
        start = self.skip(struct.calcsize(kind))
        value: int = struct.unpack_from(f"<{kind}", self._content, start)[0]
        return value

    def text(self) -> str:
        size = self.number("H")
        start = self.skip(size)
        data = bytes(self._content[start : start + size])
        if not data.endswith(b"\0"):
            raise self.damaged()
        try:
            return data[:-1].decode("utf-8")
        except UnicodeDecodeError:
            raise self.damaged() from None

    def damaged(self) -> UserError:
        return UserError(f"{self._where} is damaged: copy it anew")
