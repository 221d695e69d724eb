"""Linear layers and embeddings in the numbers of a recipe: float32, or INT8.

INT8 products multiply u8 activations by s8 weights, sum in integers and give float32.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from onnx import TensorProto, ValueInfoProto

from quantize.graphs.onnx_graph import MICROSOFT, OnnxGraph, value_info
from quantize.int8.observations import OBSERVED, SEPARATOR
from quantize.int8.rounding import Quantiser
from quantize.network import Array

SYMMETRIC_ZERO = 128  # u8 that stands for 0 where a row's values lie on both sides of it


class Quantised(NamedTuple):
    """Names of a product's input as u8, and of what gives its values back."""

    integers: str
    scale: str
    zero_point: str
    row_scale: str | None = None  # [rows, 1]; multiplies the product, where rows have their own


class LinearLayers:
    """Adds to `graph` whatever multiplies by weights or looks them up."""

    def __init__(self, graph: OnnxGraph, quantiser: Quantiser, observing: bool = False) -> None:
        """`observing` graphs give the products' inputs as outputs too, for calibration."""
        self.graph, self.observing = graph, observing
        self._quantiser, self._recipe = quantiser, quantiser.recipe
        self._products: dict[tuple[str, int], list[str]] = {}  # by input and its width
        self._quantised: dict[str, Quantised] = {}  # by input: products that share it, share this

    def linear(
        self,
        x: str,
        weight: Array,
        bias: Array | None,
        product: str,
        stored_scales: Array | None = None,
    ) -> str:
        """Add x [..., in] @ weight [in, out] + bias [out], float32 in and out.

        `product` is the layer's name, under which calibration keeps what it sees at its input.
        `stored_scales` [out] are those by which weights are integers already; 0 where they are not.
        """
        self._products.setdefault((x, len(weight)), []).append(product)
        if self._recipe.weights == "int8":
            integers, scales = self._quantiser.weight(product, weight, stored_scales)
            return self._int8_linear(x, integers, scales, bias, product)
        g = self.graph
        y = g.op("MatMul", x, g.constant(weight, np.float32))
        return y if bias is None else g.op("Add", y, g.constant(bias, np.float32))

    def embedding(
        self, table: Array, ids: str, factor: float = 1.0, stored_scales: Array | None = None
    ) -> str:
        """Look up rows `ids` of table [V, H], as float32 times `factor`.

        `stored_scales` [V] are as those of `linear`.
        """
        g = self.graph
        if self._recipe.embeddings == "fp32":
            rows = g.op("Gather", g.constant(table, np.float32), ids)
            return rows if factor == 1 else g.op("Mul", rows, g.scalar(factor))
        integers, scales = self._quantiser.table(table, stored_scales)
        rows = g.op("Gather", g.constant(integers), ids)
        rows = g.op("Cast", rows, to=TensorProto.FLOAT)
        return g.op("Mul", rows, g.op("Gather", g.constant(scales * np.float32(factor)), ids))

    def observed_outputs(self) -> list[ValueInfoProto]:
        """Add the products' inputs [rows, in] as outputs, each named for all that read it."""
        g, outputs = self.graph, []
        for (x, width), products in self._products.items():
            name = OBSERVED + SEPARATOR.join(products)
            g.op("Reshape", x, g.ints(-1, width), name=name)
            outputs.append(value_info(name, TensorProto.FLOAT, g.unique("rows"), width))
        return outputs

    def _int8_linear(
        self, x: str, integers: Array, scales: Array, bias: Array | None, product: str
    ) -> str:
        g = self.graph
        activations = self._quantised_input(x, product)
        # Where the runtime makes the weights unsigned, it renames these for each product: none may
        # be shared.
        zeros = g.constant(np.zeros(len(scales), np.int8), name=f"{product}.zeros")
        weights = g.constant(integers, name=f"{product}.weights")
        inputs = [activations.integers, weights, activations.scale, g.constant(scales)]
        inputs += [activations.zero_point, zeros]
        if activations.row_scale is None:
            if bias is not None:
                inputs.append(g.constant(bias, np.float32))
            return self._product(inputs)
        y = g.op("Mul", self._product(inputs), activations.row_scale)
        return y if bias is None else g.op("Add", y, g.constant(bias, np.float32))

    def _product(self, inputs: list[str]) -> str:
        names = [self.graph.unique("product")]
        return self.graph.ops("MatMulIntegerToFloat", *inputs, names=names, domain=MICROSOFT)[0]

    def _quantised_input(self, x: str, product: str) -> Quantised:
        if x not in self._quantised:
            if self._recipe.activations == "static":
                self._quantised[x] = self._by_calibration(x, product)
            elif self._recipe.activations == "row":
                self._quantised[x] = self._by_row(x)
            else:
                self._quantised[x] = self._by_tensor(x)
        return self._quantised[x]

    def _by_calibration(self, x: str, product: str) -> Quantised:
        """One range for the whole tensor, known beforehand; values beyond it are cut off."""
        g = self.graph
        step, zero = self._quantiser.input_range(product)
        scale, zero_point = g.scalar(step), g.constant(zero, np.uint8)
        return Quantised(g.op("QuantizeLinear", x, scale, zero_point), scale, zero_point)

    def _by_row(self, x: str) -> Quantised:
        """Rows divided by their largest magnitude.

        A row's scale depends on that row alone, not on its batch.
        """
        g = self.graph
        magnitude = g.op("ReduceMax", g.op("Abs", x), g.ints(-1), keepdims=1)
        largest = g.op("Max", magnitude, g.scalar(1e-8))  # a row of zeros stays zeros
        scale, zero_point = g.scalar(1 / 127), g.constant(SYMMETRIC_ZERO, np.uint8)
        integers = g.op("QuantizeLinear", g.op("Div", x, largest), scale, zero_point)
        return Quantised(integers, scale, zero_point, largest)

    def _by_tensor(self, x: str) -> Quantised:
        """One range for the whole tensor, found at run time.

        A row's result depends on its neighbours.
        """
        names = [self.graph.unique(stem) for stem in ("units", "unit_scale", "unit_zero")]
        return Quantised(*self.graph.ops("DynamicQuantizeLinear", x, names=names))
