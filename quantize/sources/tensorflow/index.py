"""The index of a TensorFlow V2 checkpoint: where each tensor's bytes are.

`PREFIX.index` is a LevelDB table of protocol buffers. LevelDB's `doc/table_format.md` describes
the table, TensorFlow's `core/protobuf/tensor_bundle.proto` the messages in it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError

MAGIC = 0xDB4775248B80FB57
FOOTER = 48  # bytes
Message = dict[int, list[Any]]


@dataclass(frozen=True)
class Entry:
    """One tensor's type, shape and place."""

    kind: int  # TensorFlow's number of the type
    shape: tuple[int, ...]
    shard: int
    offset: int  # bytes
    size: int  # bytes
    checksum: int
    sliced: bool


def read_index(path: Path) -> tuple[int, dict[str, Entry]]:
    """The number of data files, and the tensors' entries by name.

    Raises UserError for an index that is missing, damaged, compressed or big-endian.
    """
    shards, entries = 1, {}
    try:
        for key, record in _table(path):
            message = _message(record)
            if key == b"":
                shards = _first(message, 1, 1)
                if _first(message, 2, 0):
                    raise UserError(
                        f"{path}: the tensors are big-endian: "
                        "convert them on the machine they are from"
                    )
            else:
                entries[key.decode()] = _entry(message)
    except (IndexError, struct.error, UnicodeDecodeError):
        raise UserError(f"{path}: damaged, though its checksums agree: copy it anew") from None
    return shards, entries


def masked_checksum(data: bytes | npt.NDArray[np.uint8]) -> int:
    """The CRC-32C of the bytes in the form in which LevelDB and TensorFlow store it."""
    checksum: int = google_crc32c.value(data)
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


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
    for _, handle in _block(path, data, data[at:]):
        yield from _block(path, data, handle)


def _block(path: Path, data: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Entries of the block in `data` whose offset and size the handle begins with."""
    offset, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    block, trailer = data[offset : offset + size], data[offset + size : offset + size + 5]
    if len(trailer) < 5:
        raise UserError(f"{path}: truncated within a block: copy it anew")
    kind, checksum = struct.unpack("<BI", trailer)
    if masked_checksum(data[offset : offset + size + 1]) != checksum:
        raise UserError(f"{path}: a block is altered (checksum): copy it anew")
    if kind:
        raise UserError(
            f"{path}: a block is compressed (type {kind}), TensorFlow writes it plain: "
            "save it with TensorFlow"
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


def _entry(message: Message) -> Entry:
    dimensions = _message(_first(message, 2, b"")).get(2, [])
    return Entry(
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
