"""Constants of the graphs: small ones inside them, large ones in the `weights.bin` they share."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from quantize.network import Array

INLINE_BYTES = 1024  # smaller constants stay in the graph, where shape inference sees them
ALIGNMENT = 64  # bytes, of every constant in the file


class WeightFile:
    """`weights.bin`: every large constant once, whichever graphs use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = path.open("wb")
        self._places: dict[bytes, tuple[int, int]] = {}

    def tensor(self, name: str, array: Array) -> TensorProto:
        """The array as a graph's initialiser; a large one refers to its place in the file."""
        if array.nbytes < INLINE_BYTES:
            return numpy_helper.from_array(array, name)
        tensor = TensorProto(
            name=name, data_type=helper.np_dtype_to_tensor_dtype(array.dtype), dims=array.shape
        )
        tensor.data_location = TensorProto.EXTERNAL
        offset, length = self._place(array)
        tensor.external_data.add(key="location", value=self.path.name)
        tensor.external_data.add(key="offset", value=str(offset))
        tensor.external_data.add(key="length", value=str(length))
        return tensor

    def close(self) -> None:
        """Finish the file."""
        self._stream.close()

    def _place(self, array: Array) -> tuple[int, int]:
        """Offset and length in bytes of the array's raw data, which is written at its first use."""
        data = np.ascontiguousarray(array).tobytes()
        key = hashlib.sha256(data).digest()
        if key not in self._places:
            self._stream.write(b"\0" * (-self._stream.tell() % ALIGNMENT))
            self._places[key] = self._stream.tell(), len(data)
            self._stream.write(data)
        return self._places[key]
