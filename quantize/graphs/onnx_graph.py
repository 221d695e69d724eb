"""An ONNX graph, written node by node."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, ValueInfoProto, checker, helper, save

from quantize.graphs.weights import WeightFile
from quantize.network import Array

MICROSOFT = "com.microsoft"  # the domain of the runtime's own operators
OPSETS = {"": 18, MICROSOFT: 1}
IR_VERSION = 9
FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64


class OnnxGraph:
    """Collects nodes and constants; `save` writes those that its outputs need.

    Methods that add a node return the names of its outputs, by which other nodes take them.
    """

    def __init__(self, weights: WeightFile) -> None:
        self._weights = weights
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._count = 0

    def unique(self, stem: str) -> str:
        """A name that nothing in the graph has yet."""
        self._count += 1
        return f"{stem}_{self._count}"

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add a node of ONNX's own domain with one output, named `name` if given."""
        return self.ops(kind, *inputs, names=[name or self.unique(kind)], **attributes)[0]

    def ops(
        self, kind: str, *inputs: str, names: list[str], domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with outputs of these names."""
        node = helper.make_node(
            kind, inputs, names, name=self.unique(f"node_{kind}"), domain=domain, **attributes
        )
        self._nodes.append(node)
        return names

    def split(self, x: str, parts: int, axis: int) -> list[str]:
        """Cut x into equal parts."""
        names = [self.unique("Split") for _ in range(parts)]
        return self.ops("Split", x, names=names, axis=axis, num_outputs=parts)

    def constant(
        self,
        array: Array | float | int | list[int],
        dtype: npt.DTypeLike | None = None,
        name: str | None = None,
    ) -> str:
        """Name of a constant with this value. Equal values share one, unless `name` is given."""
        if np.ndim(array):
            value = np.ascontiguousarray(array, dtype=dtype)
        else:
            value = np.asarray(array, dtype=dtype)
        key = name or f"const_{_digest(value)}"
        if key not in self._constants:
            self._constants[key] = self._weights.tensor(key, value)
        return key

    def ints(self, *values: int) -> str:
        """A constant [n] int64."""
        return self.constant(list(values), np.int64)

    def scalar(self, value: float) -> str:
        """A constant float32 without dimensions."""
        return self.constant(value, np.float32)

    def layer_norm(self, x: str, scale: Array, offset: Array, epsilon: float) -> str:
        """Normalise rows of x: biased variance, epsilon inside the root (docs/csanmt.md)."""
        inputs = self.constant(scale, np.float32), self.constant(offset, np.float32)
        return self.op("LayerNormalization", x, *inputs, axis=-1, epsilon=epsilon)

    def rms_norm(self, x: str, scale: Array, epsilon: float) -> str:
        """Divide rows of x by their root mean square: a form that the runtime makes one node."""
        mean = self.op("ReduceMean", self.op("Pow", x, self.scalar(2.0)), self.ints(-1))
        root = self.op("Sqrt", self.op("Add", mean, self.scalar(epsilon)))
        return self.op("Mul", self.op("Div", x, root), self.constant(scale, np.float32))

    def save(self, path: Path, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]) -> None:
        """Write the graph, and check it as ONNX defines graphs."""
        nodes = self._needed([output.name for output in outputs])
        used = {name for node in nodes for name in node.input}
        constants = [tensor for name, tensor in self._constants.items() if name in used]
        graph = helper.make_graph(nodes, path.stem, inputs, outputs, initializer=constants)
        opsets = [helper.make_opsetid(*opset) for opset in OPSETS.items()]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="csanmt-serve"
        )
        save(model, path)
        checker.check_model(path)

    def _needed(self, outputs: list[str]) -> list[NodeProto]:
        """The nodes that lead to an output: the runtime would run the others too."""
        required, needed = set(outputs), []
        for node in reversed(self._nodes):
            if required.intersection(node.output):
                required.update(node.input)
                needed.append(node)
        return needed[::-1]


def _digest(value: Array) -> str:
    data = value.tobytes() + repr((value.shape, value.dtype)).encode()
    return hashlib.sha256(data).hexdigest()[:16]


def value_info(name: str, kind: int, *shape: int | str) -> ValueInfoProto:
    """Description of a graph's input or output: its type, and sizes or names of its dimensions."""
    return helper.make_tensor_value_info(name, kind, shape)
