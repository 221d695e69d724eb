"""Writing ONNX graphs node by node, with weights shared between graphs and products as a recipe says."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper, save

from quantize.recipes import Recipe

Array = npt.NDArray[Any]

MICROSOFT = "com.microsoft"
INLINE_BYTES = 1024  # smaller constants stay in the graph, where shape inference sees them
EXTERNAL_ALIGNMENT = 64


class WeightFile:
    """`weights.bin`: every large constant once, whichever graphs use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = path.open("wb")
        self._places: dict[bytes, tuple[int, int]] = {}

    def place(self, array: Array) -> tuple[int, int]:
        """Offset and length in bytes of the array's raw data, which is written at its first use."""
        data = np.ascontiguousarray(array).tobytes()
        key = hashlib.sha256(data).digest()
        if key not in self._places:
            self._stream.write(b"\0" * (-self._stream.tell() % EXTERNAL_ALIGNMENT))
            self._places[key] = self._stream.tell(), len(data)
            self._stream.write(data)
        return self._places[key]

    def close(self) -> None:
        self._stream.close()


class GraphBuilder:
    """Collects nodes and constants; `linear` is the one place where products with weights are made."""

    def __init__(self, recipe: Recipe, weights: WeightFile) -> None:
        self.recipe = recipe
        self.weights = weights
        self._nodes: list[NodeProto] = []
        self._initialisers: dict[str, TensorProto] = {}
        self._row_quantised: dict[str, tuple[str, str]] = {}
        self._count = 0

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"

    def op(self, kind: str, *inputs: str, outputs: int = 1, name: str | None = None, **attributes: Any) -> str:
        """Add a node of ONNX's own domain and return its first output (named `name` if given)."""
        return self.ops(kind, *inputs, names=[name or self._name(kind) for _ in range(outputs)], **attributes)[0]

    def ops(self, kind: str, *inputs: str, names: list[str], domain: str = "", **attributes: Any) -> list[str]:
        """Add a node with the given output names and return them."""
        node = helper.make_node(kind, inputs, names, name=self._name(f"node_{kind}"), domain=domain, **attributes)
        self._nodes.append(node)
        return names

    def split(self, x: str, parts: int | list[int], axis: int) -> list[str]:
        """x in so many equal parts, or in parts of the given sizes."""
        if isinstance(parts, int):
            names = [self._name("Split") for _ in range(parts)]
            return self.ops("Split", x, names=names, axis=axis, num_outputs=parts)
        return self.ops("Split", x, self.ints(*parts), names=[self._name("Split") for _ in parts], axis=axis)

    def constant(self, array: Array | float | int | list[int], dtype: npt.DTypeLike | None = None) -> str:
        """Name of an initialiser with this value; equal values share one."""
        value = np.ascontiguousarray(array, dtype=dtype) if np.ndim(array) else np.asarray(array, dtype=dtype)
        key = hashlib.sha256(value.tobytes() + repr((value.shape, value.dtype)).encode()).hexdigest()[:16]
        if key not in self._initialisers:
            self._initialisers[key] = self._tensor(f"const_{key}", value)
        return self._initialisers[key].name

    def _tensor(self, name: str, value: Array) -> TensorProto:
        if value.nbytes < INLINE_BYTES:
            return numpy_helper.from_array(value, name)
        offset, length = self.weights.place(value)
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(value.dtype), dims=value.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for field, text in (("location", self.weights.path.name), ("offset", str(offset)), ("length", str(length))):
            tensor.external_data.add(key=field, value=text)
        return tensor

    def ints(self, *values: int) -> str:
        return self.constant(list(values), np.int64)

    def scalar(self, value: float) -> str:
        return self.constant(value, np.float32)

    def linear(self, x: str, weight: Array, bias: Array | None) -> str:
        """x [..., in] @ weight [in, out] + bias [out], float32 in and out."""
        if self.recipe.weights == "fp32":
            y = self.op("MatMul", x, self.constant(weight, np.float32))
        else:
            y = self._int8_product(x, weight)
        return y if bias is None else self.op("Add", y, self.constant(bias, np.float32))

    def _int8_product(self, x: str, weight: Array) -> str:
        """u8 activations with one scale a row, s8 weights with one scale an output channel.

        A row's scale depends on that row alone, so the product does not depend on the batch.
        """
        limit = self.recipe.weight_limit
        channel_scale = np.maximum(np.abs(weight).max(axis=0), 1e-8).astype(np.float32) / np.float32(limit)
        quantised = np.clip(np.rint(weight / channel_scale), -limit, limit).astype(np.int8)
        rows, largest = self._quantise_rows(x)
        product = self.ops(
            "MatMulIntegerToFloat",
            rows,
            self.constant(quantised),
            self.scalar(1 / 127),
            self.constant(channel_scale),
            self.constant(128, np.uint8),
            self.constant(np.zeros(len(channel_scale), np.int8)),
            names=[self._name("product")],
            domain=MICROSOFT,
        )[0]
        return self.op("Mul", product, largest)

    def _quantise_rows(self, x: str) -> tuple[str, str]:
        """u8 rows of x (zero point 128, scale 1/127 of the row's largest magnitude) and those magnitudes."""
        if x not in self._row_quantised:
            magnitude = self.op("ReduceMax", self.op("Abs", x), self.ints(-1), keepdims=1)
            largest = self.op("Max", magnitude, self.scalar(1e-8))  # a row of zeros stays zeros
            unit = self.op("Div", x, largest)
            rows = self.op("QuantizeLinear", unit, self.scalar(1 / 127), self.constant(128, np.uint8))
            self._row_quantised[x] = rows, largest
        return self._row_quantised[x]

    def embedding(self, table: Array, ids: str) -> str:
        """Rows `ids` of table [V, H] as float32; stored as s8 with one scale a row where the recipe says so."""
        if self.recipe.embeddings == "fp32":
            return self.op("Gather", self.constant(table, np.float32), ids)
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8).astype(np.float32) / np.float32(127)
        quantised = np.clip(np.rint(table / scale), -127, 127).astype(np.int8)
        rows = self.op("Cast", self.op("Gather", self.constant(quantised), ids), to=TensorProto.FLOAT)
        return self.op("Mul", rows, self.op("Gather", self.constant(scale), ids))

    def layer_norm(self, x: str, scale: Array, offset: Array, epsilon: float) -> str:
        """Biased variance, epsilon inside the root (docs/csanmt.md).

        Composed, with a product where the usual pattern has a power: the optimiser would otherwise fuse
        it into a kernel that is slower from eight rows on.
        """
        centred = self.op("Sub", x, self.op("ReduceMean", x, self.ints(-1), keepdims=1))
        variance = self.op("ReduceMean", self.op("Mul", centred, centred), self.ints(-1), keepdims=1)
        deviation = self.op("Sqrt", self.op("Add", variance, self.scalar(epsilon)))
        scaled = self.op("Mul", self.op("Div", centred, deviation), self.constant(scale, np.float32))
        return self.op("Add", scaled, self.constant(offset, np.float32))

    def save(self, path: Path, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]) -> ModelProto:
        graph = helper.make_graph(
            self._nodes, path.stem, inputs, outputs, initializer=list(self._initialisers.values())
        )
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="csanmt-serve")
        save(model, path)
        checker.check_model(path)
        return model


def value(name: str, kind: int, *shape: int | str) -> ValueInfoProto:
    """Description of a graph input or output."""
    return helper.make_tensor_value_info(name, kind, shape)
