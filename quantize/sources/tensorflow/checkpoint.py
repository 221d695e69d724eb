"""TensorFlow V2 checkpoints by variable name, with NumPy alone.

`PREFIX.index` says where the tensors are; `PREFIX.data-SSSSS-of-NNNNN` hold them, raw and
little-endian. Only what is asked for is read: of the 7.88 GB of the public zh-en model, 2.28 GB are
weights and the rest an optimiser's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from quantize.network import Array
from quantize.sources.tensorflow.index import Entry, masked_checksum, read_index

TYPES: dict[int, type[np.generic]] = {
    1: np.float32,
    2: np.float64,
    3: np.int32,
    9: np.int64,
    19: np.float16,
}


class TfCheckpoint:
    """The tensors of the checkpoint `prefix`. Opening it reads and verifies the index alone.

    Raises UserError for a missing, damaged or compressed index.
    """

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        self._path = prefix.with_name(prefix.name + ".index")
        self._shards, self._entries = read_index(self._path)
        self._verified: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def shape(self, name: str) -> tuple[int, ...]:
        """The tensor's shape; raises UserError for a name that is not there."""
        return self._find(name).shape

    def require(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Check that every name is there with its shape, in files that are long enough.

        Raises UserError naming the first that is not.
        """
        missing = [name for name in shapes if name not in self._entries]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise UserError(
                f"{self._path}: no variable {missing[0]}{more}: "
                "the configuration names another model"
            )
        for name, shape in shapes.items():
            found = self._entries[name].shape
            if found != shape:
                raise UserError(
                    f"{self._path}: {name} has shape {list(found)}, expected {list(shape)}: "
                    "the configuration names another model"
                )
            self._place(name)

    def read(self, name: str) -> Array:
        """The tensor, mapped from its file rather than copied.

        Its checksum is verified at the first reading. Raises UserError for a name that is not
        there and for a missing, truncated or altered file.
        """
        entry, path = self._place(name)
        if not entry.size:
            return np.zeros(entry.shape, TYPES[entry.kind])
        raw = np.memmap(path, np.uint8, "r", offset=entry.offset, shape=(entry.size,))
        if name not in self._verified:
            if masked_checksum(raw) != entry.checksum:
                raise UserError(
                    f"{path}: the bytes of {name} are altered (checksum): copy the file anew"
                )
            self._verified.add(name)
        return raw.view(np.dtype(TYPES[entry.kind]).newbyteorder("<")).reshape(entry.shape)

    def _find(self, name: str) -> Entry:
        if name not in self._entries:
            raise UserError(f"{self._path}: no variable {name}: is it a checkpoint of this model?")
        return self._entries[name]

    def _place(self, name: str) -> tuple[Entry, Path]:
        """The tensor's entry and its file, which is there and long enough."""
        entry = self._find(name)
        self._check(name, entry)
        path = self._prefix.with_name(
            f"{self._prefix.name}.data-{entry.shard:05d}-of-{self._shards:05d}"
        )
        if not path.is_file():
            raise UserError(
                f"{path}: missing, and {name} is in it: copy all files of the checkpoint"
            )
        size, end = path.stat().st_size, entry.offset + entry.size
        if size < end:
            raise UserError(
                f"{path}: truncated at {size} bytes, {name} ends at {end}: copy it anew"
            )
        return entry, path

    def _check(self, name: str, entry: Entry) -> None:
        """Raises UserError for a tensor that this reader does not know."""
        if entry.sliced or entry.kind not in TYPES:
            what = "is stored in slices" if entry.sliced else f"has type {entry.kind} of TensorFlow"
            raise UserError(
                f"{self._path}: {name} {what}, which this reader does not know: "
                "save it whole as float32"
            )
        count = int(np.prod(entry.shape, dtype=np.int64))
        if entry.size != count * np.dtype(TYPES[entry.kind]).itemsize:
            raise UserError(
                f"{self._path}: {name} has {entry.size} bytes, which is not its shape's size: "
                "copy it anew"
            )
