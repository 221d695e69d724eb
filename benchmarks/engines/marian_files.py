"""The files that Marian and Bergamot read: parameters as intgemm's integers, and shortlists."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping

import numpy as np

from quantize.network import Array

RANGE = 6.0  # of the values that products multiply, as a conversion finds it
FLOAT32, INTGEMM8, INT8 = 0x0404, 0x4101, 0x0101  # types of a file's items
OPTIONS = "special:model.yml"
MAGIC = 0xF11A48D5013417F5  # of a shortlist
FREQUENT, LIKELY = 50, 50  # words that a shortlist allows always, and for each source word


def binary(tensors: Mapping[str, Array], options: str) -> bytes:
    """Marian's own format, with matrices as intgemm's integers and a range for each product."""
    items = []
    for name, value in sorted(tensors.items()):
        matrix = "Wemb" in name or name.endswith("_W") or name[-3:-1] == "_W"
        kind, raw = (INTGEMM8, _integers(name, value)) if matrix else (FLOAT32, value.tobytes())
        items.append((name, kind, value.shape, raw))
        if matrix:
            # With a shortlist, the output layer's weights have no name.
            products = (name, "none") if name == "Wemb" else (name,)
            scale = struct.pack("<f", 127 / RANGE)
            items += [(f"{part}_QuantMultA", FLOAT32, (1,), scale) for part in products]
    raw = options.encode() + b"\0"
    items.append((OPTIONS, INT8, (len(raw),), raw))
    return _packed(items)


def _integers(name: str, value: Array) -> bytes:
    """All but embeddings are stored transposed; the multiplier follows the integers."""
    multiplier = np.float32(127) / np.abs(value).max()
    integers = np.rint(value * multiplier).astype(np.int8)
    stored = integers if name == "Wemb" else np.ascontiguousarray(integers.T)
    return stored.tobytes() + struct.pack("<f", multiplier)


def _packed(items: list[tuple[str, int, tuple[int, ...], bytes]]) -> bytes:
    padded = [raw + b"\0" * (-len(raw) % 256) for *_, raw in items]
    out = io.BytesIO()
    out.write(struct.pack("<QQ", 1, len(items)))
    for (name, kind, shape, _), raw in zip(items, padded, strict=True):
        out.write(struct.pack("<QQQQ", len(name) + 1, kind, len(shape), len(raw)))
    for name, *_ in items:
        out.write(name.encode() + b"\0")
    for _, _, shape, _ in items:
        out.write(struct.pack(f"<{len(shape)}i", *shape))
    position = out.tell() + 8
    offset = (position // 256 + 1) * 256 - position
    out.write(struct.pack("<Q", offset) + b"\0" * offset + b"".join(padded))
    return out.getvalue()


def shortlist(vocabulary: int) -> bytes:
    """Which target words each source word allows: random ones, as many as Mozilla's keep."""
    random = np.random.default_rng(1)
    likely = np.sort(random.integers(0, vocabulary, (vocabulary, LIKELY), np.uint32), axis=1)
    offsets = np.arange(0, likely.size + 1, LIKELY, dtype=np.uint64)
    # Its checksum is not looked at: Bergamot is told not to.
    head = struct.pack("<6Q", MAGIC, 0, FREQUENT, LIKELY, len(offsets), likely.size)
    content: bytes = head + offsets.tobytes() + likely.tobytes()
    return content
