"""Products with INT8 weights: u8 activations × s8 weights, summed in integers, float32 out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quantize.int8.plan import Array
from quantize.int8.rounding import channel_scales, compensated, nearest

if TYPE_CHECKING:
    from quantize.graphs.builder import GraphBuilder

MICROSOFT = "com.microsoft"
SYMMETRIC_ZERO = 128


class Int8Products:
    """Emits a product's nodes as the plan's recipe says.

    Inputs that products share are quantised once.
    """

    def __init__(self, builder: GraphBuilder) -> None:
        self.b, self.plan = builder, builder.plan
        self._quantised: dict[str, tuple[str, str, str, str | None]] = {}

    def __call__(self, name: str, x: str, weight: Array, bias: Array | None) -> str:
        """x [..., in] float32 @ weight [in, out] + bias [out], as a float32 tensor."""
        b = self.b
        scales = channel_scales(weight, self.plan.recipe.weight_limit)
        rounded = self._rounded(name, weight, scales)
        units, scale, zero, factor = self._activations(name, x)
        # Where the runtime makes the weights unsigned, it renames these for each product: none may
        # be shared.
        zeros = b.constant(np.zeros(len(scales), np.int8), name=f"{name}.zeros")
        weights = b.constant(rounded, name=f"{name}.weights")
        inputs = [units, weights, scale, b.constant(scales), zero, zeros]
        if bias is not None and factor is None:
            inputs.append(b.constant(bias, np.float32))
        product = b.ops(
            "MatMulIntegerToFloat", *inputs, names=[b.unique("product")], domain=MICROSOFT
        )[0]
        if factor is None:
            return product
        scaled = b.op("Mul", product, factor)
        return scaled if bias is None else b.op("Add", scaled, b.constant(bias, np.float32))

    def _rounded(self, name: str, weight: Array, scales: Array) -> Array:
        recipe, kept = self.plan.recipe, self.plan.rounded
        if recipe.rounding == "nearest":
            return nearest(weight, scales, recipe.weight_limit)
        if name not in kept:
            assert self.plan.observed is not None
            kept[name] = compensated(
                weight, scales, recipe.weight_limit, self.plan.observed.hessians[name]
            )
        return kept[name]

    def _activations(self, name: str, x: str) -> tuple[str, str, str, str | None]:
        """x as u8, its scale and zero point, and what the product has to be multiplied by yet."""
        if x not in self._quantised:
            kind = self.plan.recipe.activations
            if kind == "static":
                self._quantised[x] = self._calibrated(name, x)
            else:
                self._quantised[x] = self._by_row(x) if kind == "row" else self._by_tensor(x)
        return self._quantised[x]

    def _by_row(self, x: str) -> tuple[str, str, str, str | None]:
        """Rows divided by their largest magnitude: a row's scale depends on that row alone, not on
        its batch.
        """
        b = self.b
        magnitude = b.op("ReduceMax", b.op("Abs", x), b.ints(-1), keepdims=1)
        largest = b.op("Max", magnitude, b.scalar(1e-8))  # a row of zeros stays zeros
        scale, zero = b.scalar(1 / 127), b.constant(SYMMETRIC_ZERO, np.uint8)
        return b.op("QuantizeLinear", b.op("Div", x, largest), scale, zero), scale, zero, largest

    def _by_tensor(self, x: str) -> tuple[str, str, str, str | None]:
        """One range for the whole tensor, found at run time: a row's result depends on its
        neighbours.
        """
        names = [self.b.unique(stem) for stem in ("units", "unit_scale", "unit_zero")]
        units, scale, zero = self.b.ops("DynamicQuantizeLinear", x, names=names)
        return units, scale, zero, None

    def _calibrated(self, name: str, x: str) -> tuple[str, str, str, str | None]:
        """One range for the whole tensor, known from calibration; values beyond it are cut off."""
        assert self.plan.observed is not None
        low, high = self.plan.observed.range(name, self.plan.recipe.percentile)
        low, high = min(low, 0.0), max(high, 0.0)
        step = max((high - low) / 255, 1e-8)
        zero = round(-low / step)
        scale, point = self.b.scalar(step), self.b.constant(zero, np.uint8)
        return self.b.op("QuantizeLinear", x, scale, point), scale, point, None
