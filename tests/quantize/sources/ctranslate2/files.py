"""A `model.bin` that is written anew with changes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from quantize.network import Array
from quantize.sources.ctranslate2.binary import TYPES, ModelFile


def rewrite(
    path: Path,
    changes: Mapping[str, Array | None],
    *,
    spec: str | None = None,
    revision: int | None = None,
) -> None:
    """Add or replace tensors, or leave out those whose change is None; the format is version 6.

    What was an alias is written as a tensor of its own.
    """
    file = ModelFile(path.read_bytes(), str(path))
    tensors: dict[str, Array] = {}
    for name in file:
        tensors[name] = file.stored(name)
        if file.owner(name) != name and f"{file.owner(name)}_scale" in file:
            tensors[f"{name}_scale"] = file.stored(f"{file.owner(name)}_scale")
    for name, change in changes.items():
        tensors.pop(name, None)
        if change is not None:
            tensors[name] = np.asarray(change)
    data = struct.pack("<I", 6) + text(spec or file.spec)
    data += struct.pack("<II", revision or file.revision, len(tensors))
    for name, array in sorted(tensors.items()):
        data += text(name) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        kind = TYPES.index(array.dtype.newbyteorder("<").str.replace("|", "<"))
        data += struct.pack("<BI", kind, array.nbytes) + array.tobytes()
    path.write_bytes(data + struct.pack("<I", 0))


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"
