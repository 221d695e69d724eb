"""TensorFlow V2 checkpoints by variable name, with NumPy alone.

`PREFIX.index` is a LevelDB table of protocol buffers; `PREFIX.data-SSSSS-of-NNNNN` hold raw
little-endian tensors. Only what is asked for is read: of the 7.88 GB of the public zh-en model,
2.28 GB are weights and the rest an optimiser's state.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError
from quantize.sources.tensorflow.crc32c import crc32c, masked

MAGIC = 0xDB4775248B80FB57
FOOTER = 48  # bytes
TYPES: dict[int, type[np.generic]] = {
    1: np.float32,
    2: np.float64,
    3: np.int32,
    9: np.int64,
    19: np.float16,
}
Message = dict[int, list[Any]]


@dataclass(frozen=True)
class _Entry:
    kind: int
    shape: tuple[int, ...]
    shard: int
    offset: int  # bytes
    size: int
    checksum: int
    sliced: bool


class TfCheckpoint:
    """The tensors of the checkpoint `prefix`. Opening it reads and verifies the index alone.

    Raises UserError for a missing, damaged or compressed index.
    """

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        self._path = prefix.with_name(prefix.name + ".index")
        self._entries: dict[str, _Entry] = {}
        self._verified: set[str] = set()
        shards = 1
        try:
            for key, record in _table(self._path):
                message = _message(record)
                if key == b"":
                    shards = _first(message, 1, 1)
                    if _first(message, 2, 0):
                        raise UserError(
                            f"{self._path}: the tensors are big-endian: convert them on the machine they are from"
                        )
                else:
                    self._entries[key.decode()] = _entry(message)
        except (IndexError, struct.error, UnicodeDecodeError):
            raise UserError(
                f"{self._path}: damaged, though its checksums agree: copy it anew"
            ) from None
        self._shards = shards

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def shape(self, name: str) -> tuple[int, ...]:
        return self._find(name).shape

    def require(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raises UserError unless every name is there with its shape, in files that are long
        enough.
        """
        missing = [name for name in shapes if name not in self._entries]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise UserError(
                f"{self._path}: no variable {missing[0]}{more}: the configuration names another model"
            )
        for name, shape in shapes.items():
            found = self._entries[name].shape
            if found != shape:
                raise UserError(
                    f"{self._path}: {name} has shape {list(found)}, expected {list(shape)}: "
                    "the configuration names another model"
                )
            self._place(name)

    def read(self, name: str) -> npt.NDArray[Any]:
        """The tensor, mapped from its file rather than copied, its checksum verified at the first
        reading.

        Raises UserError for a name that is not there and for a missing, truncated or altered file.
        """
        entry, path = self._place(name)
        if not entry.size:
            return np.zeros(entry.shape, TYPES[entry.kind])
        raw = np.memmap(path, np.uint8, "r", offset=entry.offset, shape=(entry.size,))
        if name not in self._verified:
            if masked(crc32c(raw)) != entry.checksum:
                raise UserError(
                    f"{path}: the bytes of {name} are altered (checksum): copy the file anew"
                )
            self._verified.add(name)
        return raw.view(np.dtype(TYPES[entry.kind]).newbyteorder("<")).reshape(entry.shape)

    def _find(self, name: str) -> _Entry:
        if name not in self._entries:
            raise UserError(f"{self._path}: no variable {name}: is it a checkpoint of this model?")
        return self._entries[name]

    def _place(self, name: str) -> tuple[_Entry, Path]:
        """The tensor's entry and its file, which is there and long enough."""
        entry = self._find(name)
        if entry.sliced or entry.kind not in TYPES:
            what = "is stored in slices" if entry.sliced else f"has type {entry.kind} of TensorFlow"
            raise UserError(
                f"{self._path}: {name} {what}, which this reader does not know: save it whole as float32"
            )
        if (
            entry.size
            != int(np.prod(entry.shape, dtype=np.int64)) * np.dtype(TYPES[entry.kind]).itemsize
        ):
            raise UserError(
                f"{self._path}: {name} has {entry.size} bytes, which is not its shape's size: copy it anew"
            )
        path = self._prefix.with_name(
            f"{self._prefix.name}.data-{entry.shard:05d}-of-{self._shards:05d}"
        )
        if not path.is_file():
            raise UserError(
                f"{path}: missing, and {name} is in it: copy all files of the checkpoint"
            )
        size = path.stat().st_size
        if size < entry.offset + entry.size:
            raise UserError(
                f"{path}: truncated at {size} bytes, {name} ends at {entry.offset + entry.size}: copy it anew"
            )
        return entry, path


def _table(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a LevelDB table."""
    if not path.is_file():
        raise UserError(f"{path}: missing: copy all files of the checkpoint")
    data = path.read_bytes()
    if len(data) < FOOTER or struct.unpack("<Q", data[-8:])[0] != MAGIC:
        raise UserError(f"{path}: truncated, or no index of a TensorFlow checkpoint: copy it anew")
    at = len(data) - FOOTER
    for _ in range(2):  # the handle of the meta index, which is empty
        _, at = _varint(data, at)
    for _, handle in _block(path, data, at):
        yield from _block(path, handle, 0, data)


def _block(
    path: Path, handle: bytes, at: int, data: bytes | None = None
) -> Iterator[tuple[bytes, bytes]]:
    """Entries of the block that the handle at `at` names, in `data` (by default, what holds the
    handle).
    """
    data = handle if data is None else data
    offset, at = _varint(handle, at)
    size, _ = _varint(handle, at)
    block, trailer = data[offset : offset + size], data[offset + size : offset + size + 5]
    if len(trailer) < 5:
        raise UserError(f"{path}: truncated within a block: copy it anew")
    kind, checksum = struct.unpack("<BI", trailer)
    if masked(crc32c(np.frombuffer(data[offset : offset + size + 1], np.uint8))) != checksum:
        raise UserError(f"{path}: a block is altered (checksum): copy it anew")
    if kind:
        raise UserError(
            f"{path}: a block is compressed (type {kind}), TensorFlow writes it plain: save it with TensorFlow"
        )
    restarts = struct.unpack("<I", block[-4:])[0]
    end, at, key = len(block) - 4 - 4 * restarts, 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _entry(message: Message) -> _Entry:
    dimensions = _message(_first(message, 2, b"")).get(2, [])
    return _Entry(
        kind=_first(message, 1, 0),
        shape=tuple(_first(_message(dimension), 1, 0) for dimension in dimensions),
        shard=_first(message, 3, 0),
        offset=_first(message, 4, 0),
        size=_first(message, 5, 0),
        checksum=_first(message, 6, 0),
        sliced=7 in message,
    )


def _first(message: Message, field: int, default: Any) -> Any:
    return message.get(field, [default])[0]


def _message(data: bytes) -> Message:
    """Fields of a protocol buffer: numbers as int, nested messages as bytes."""
    fields: Message = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        value: int | bytes
        if tag & 7 == 0:
            value, at = _varint(data, at)
        elif tag & 7 == 2:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            width = 8 if tag & 7 == 1 else 4
            value, at = int.from_bytes(data[at : at + width], "little"), at + width
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in base 128, lowest digits first, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
