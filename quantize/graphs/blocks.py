"""What both graphs are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quantize.graphs.builder import GraphBuilder, packed_name
from quantize.network import Network

MASKED = -1e9  # added to the logit of a key that is not to be seen
SWISH = frozenset({"swish", "silu"})
ACTIVATIONS = SWISH | {"relu", "gelu"}


class Graph:
    def __init__(self, network: Network, builder: GraphBuilder, tick: Callable[[], None]) -> None:
        """`tick` is called for each layer that is done."""
        self.net, self.b, self.tick = network, builder, tick

    def linear(self, x: str, *names: str) -> str:
        """x through the linear layers `names`, packed side by side."""
        weight = np.concatenate([self.net.weights[f"{name}.weight"].T for name in names], axis=1)
        bias = np.concatenate([self.net.weights[f"{name}.bias"] for name in names])
        return self.b.linear(x, weight, bias, packed_name(names))

    def norm(self, x: str, name: str) -> str:
        scale, offset = self.net.weights[f"{name}.weight"], self.net.weights[f"{name}.bias"]
        return self.b.layer_norm(x, scale, offset, self.net.epsilon)

    def final_norm(self, x: str, name: str) -> str:
        """The normalisation that closes a stack of pre-normalised layers."""
        return x if self.net.post_norm else self.norm(x, name)

    def residual(self, x: str, norm: str, sublayer: Callable[[str], str]) -> str:
        """x + sublayer(norm(x)), or norm(x + sublayer(x))."""
        if self.net.post_norm:
            return self.norm(self.add(x, sublayer(x)), norm)
        return self.add(x, sublayer(self.norm(x, norm)))

    def add(self, x: str, y: str) -> str:
        return self.b.op("Add", x, y)

    def feed_forward(self, x: str, name: str) -> str:
        return self.linear(self._activated(self.linear(x, f"{name}.inner")), f"{name}.outer")

    def _activated(self, x: str) -> str:
        kind = self.net.activation
        if kind in SWISH:
            return self.b.op("Mul", x, self.b.op("Sigmoid", x))
        if kind == "gelu":
            half = self.b.op("Mul", x, self.b.scalar(0.5))
            error = self.b.op("Erf", self.b.op("Mul", x, self.b.scalar(0.5**0.5)))
            return self.b.op("Mul", half, self.add(error, self.b.scalar(1.0)))
        return self.b.op("Relu", x)

    def embedding(self, table: str, ids: str) -> str:
        factor = self.net.hidden_size**0.5 if self.net.scale_embedding else 1.0
        return self.b.embedding(self.net.weights[f"{table}.weight"], ids, factor)

    def timing(self, places: str) -> str | None:
        """The positions' signal, where the model has one."""
        if self.net.positions is None:
            return None
        return self.b.op("Gather", self.b.constant(self.net.positions, np.float32), places)

    def timed(self, x: str, timing: str | None) -> str:
        return x if timing is None else self.add(x, timing)

    def range(self, length: str) -> str:
        return self.b.op(
            "Range", self.b.constant(0, np.int64), length, self.b.constant(1, np.int64)
        )

    def size(self, x: str, axis: int) -> str:
        return self.b.op("Gather", self.b.op("Shape", x), self.b.constant(axis, np.int64))

    def offsets(self, queries: str, keys: str) -> str:
        """Rows of the relative tables for each distance query − key, clipped to ±D."""
        b, distance = self.b, self.net.max_relative_dis
        apart = b.op("Sub", queries, keys)
        clipped = b.op(
            "Clip", apart, b.constant(-distance, np.int64), b.constant(distance, np.int64)
        )
        return b.op("Add", clipped, b.constant(distance, np.int64))

    def hide(self, visible: str) -> str:
        """What is added to logits: 0 where `visible`, else so little that nothing is left."""
        return self.b.op("Where", visible, self.b.scalar(0.0), self.b.scalar(MASKED))
