"""Writing ONNX graphs node by node, with weights shared between graphs and products as a recipe
says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import (
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    checker,
    helper,
    numpy_helper,
    save,
)

from quantize.graphs.int8_products import MICROSOFT, Int8Products
from quantize.int8.plan import OBSERVED, Plan

Array = npt.NDArray[Any]

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
    """Collects nodes and constants.

    `linear` is the one place where products with weights are made.
    """

    def __init__(self, plan: Plan, weights: WeightFile) -> None:
        self.plan = plan
        self.weights = weights
        self._nodes: list[NodeProto] = []
        self._initialisers: dict[str, TensorProto] = {}
        self._int8 = Int8Products(self)
        self._inputs: dict[
            tuple[str, int], list[str]
        ] = {}  # of products and their width: who shares them
        self._count = 0

    def unique(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"

    def op(
        self, kind: str, *inputs: str, outputs: int = 1, name: str | None = None, **attributes: Any
    ) -> str:
        """Add a node of ONNX's own domain and return its first output (named `name` if given)."""
        return self.ops(
            kind, *inputs, names=[name or self.unique(kind) for _ in range(outputs)], **attributes
        )[0]

    def ops(
        self, kind: str, *inputs: str, names: list[str], domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with the given output names and return them."""
        node = helper.make_node(
            kind, inputs, names, name=self.unique(f"node_{kind}"), domain=domain, **attributes
        )
        self._nodes.append(node)
        return names

    def split(self, x: str, parts: int | list[int], axis: int) -> list[str]:
        """x in so many equal parts, or in parts of the given sizes."""
        if isinstance(parts, int):
            names = [self.unique("Split") for _ in range(parts)]
            return self.ops("Split", x, names=names, axis=axis, num_outputs=parts)
        return self.ops(
            "Split", x, self.ints(*parts), names=[self.unique("Split") for _ in parts], axis=axis
        )

    def constant(
        self,
        array: Array | float | int | list[int],
        dtype: npt.DTypeLike | None = None,
        name: str | None = None,
    ) -> str:
        """Name of an initialiser with this value.

        Equal values share one, unless it is given its own name.
        """
        value = (
            np.ascontiguousarray(array, dtype=dtype)
            if np.ndim(array)
            else np.asarray(array, dtype=dtype)
        )
        key = (
            name
            or "const_"
            + hashlib.sha256(
                value.tobytes() + repr((value.shape, value.dtype)).encode()
            ).hexdigest()[:16]
        )
        if key not in self._initialisers:
            self._initialisers[key] = self._tensor(key, value)
        return key

    def _tensor(self, name: str, value: Array) -> TensorProto:
        if value.nbytes < INLINE_BYTES:
            return numpy_helper.from_array(value, name)
        offset, length = self.weights.place(value)
        tensor = TensorProto(
            name=name, data_type=helper.np_dtype_to_tensor_dtype(value.dtype), dims=value.shape
        )
        tensor.data_location = TensorProto.EXTERNAL
        for field, text in (
            ("location", self.weights.path.name),
            ("offset", str(offset)),
            ("length", str(length)),
        ):
            tensor.external_data.add(key=field, value=text)
        return tensor

    def ints(self, *values: int) -> str:
        return self.constant(list(values), np.int64)

    def scalar(self, value: float) -> str:
        return self.constant(value, np.float32)

    def linear(self, x: str, weight: Array, bias: Array | None, name: str) -> str:
        """x [..., in] @ weight [in, out] + bias [out], float32 in and out.

        `name` is the product's own: what was observed at its input is kept under it, from build to
        build.
        """
        self._inputs.setdefault((x, len(weight)), []).append(name)
        if self.plan.recipe.weights != "fp32":
            return self._int8(name, x, weight, bias)
        y = self.op("MatMul", x, self.constant(weight, np.float32))
        return y if bias is None else self.op("Add", y, self.constant(bias, np.float32))

    def embedding(self, table: Array, ids: str, factor: float = 1.0) -> str:
        """Rows `ids` of table [V, H] as float32, times `factor`.

        S8 with a scale a row if the recipe says so.
        """
        if self.plan.recipe.embeddings == "fp32":
            rows = self.op("Gather", self.constant(table, np.float32), ids)
            return rows if factor == 1 else self.op("Mul", rows, self.scalar(factor))
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8).astype(
            np.float32
        ) / np.float32(127)
        quantised = np.clip(np.rint(table / scale), -127, 127).astype(np.int8)
        rows = self.op(
            "Cast", self.op("Gather", self.constant(quantised), ids), to=TensorProto.FLOAT
        )
        return self.op(
            "Mul", rows, self.op("Gather", self.constant(scale * np.float32(factor)), ids)
        )

    def layer_norm(self, x: str, scale: Array, offset: Array, epsilon: float) -> str:
        """Biased variance, epsilon inside the root (docs/csanmt.md)."""
        inputs = self.constant(scale, np.float32), self.constant(offset, np.float32)
        return self.op("LayerNormalization", x, *inputs, axis=-1, epsilon=epsilon)

    def _observed(self) -> list[ValueInfoProto]:
        """The products' inputs [rows, in] as outputs, each named for all products that read it."""
        outputs = []
        for (x, width), products in self._inputs.items():
            name = self.op("Reshape", x, self.ints(-1, width), name=OBSERVED + "|".join(products))
            outputs.append(value(name, TensorProto.FLOAT, self.unique("rows"), width))
        return outputs

    def _needed(self, outputs: list[str]) -> list[NodeProto]:
        """The nodes that lead to an output: the runtime would run the others too."""
        wanted, needed = set(outputs), []
        for node in reversed(self._nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                needed.append(node)
        return needed[::-1]

    def save(
        self, path: Path, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]
    ) -> ModelProto:
        if self.plan.observing:
            outputs = [*outputs, *self._observed()]
        nodes = self._needed([output.name for output in outputs])
        used = {name for node in nodes for name in node.input}
        constants = [tensor for name, tensor in self._initialisers.items() if name in used]
        graph = helper.make_graph(nodes, path.stem, inputs, outputs, initializer=constants)
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=9, producer_name="csanmt-serve"
        )
        save(model, path)
        checker.check_model(path)
        return model


def packed_name(names: Sequence[str]) -> str:
    """What the product of layers side by side is called: a.q and a.kv make a.qkv."""
    stem, dot, last = names[0].rpartition(".")
    return stem + dot + last + "".join(name.rpartition(".")[2] for name in names[1:])


def value(name: str, kind: int, *shape: int | str) -> ValueInfoProto:
    """Description of a graph input or output."""
    return helper.make_tensor_value_info(name, kind, shape)
