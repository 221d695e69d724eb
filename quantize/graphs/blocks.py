"""What the encoder's graph and the step's are both made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ValueInfoProto

from quantize.graphs.linear import LinearLayers
from quantize.graphs.onnx_graph import MICROSOFT
from quantize.network import ACTIVATIONS, SWISH, Array, Network

MASKED = -1e9  # added to the logit of a key that is not to be seen
# Activations that are one operator, of ONNX's own or of the runtime's.
SINGLE = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
FUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "gelu-tanh": ("FastGelu", {}),
    "gelu-sigmoid": ("QuickGelu", {"alpha": 1.702}),
}


class NetworkGraph:
    """A graph of a network. Methods that take and give tensors do so by their names."""

    def __init__(self, network: Network, layers: LinearLayers, tick: Callable[[], None]) -> None:
        """`tick` is called for each layer that is done."""
        self.net, self.layers, self.tick = network, layers, tick
        self.graph = layers.graph

    def save(self, path: Path, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]) -> None:
        """Write the graph; one that is `observing` gives what calibration reads as well."""
        if self.layers.observing:
            outputs = [*outputs, *self.layers.observed_outputs()]
        self.graph.save(path, inputs, outputs)

    def linear(self, x: str, *names: str) -> str:
        """x through the linear layers `names`, packed side by side."""
        weights = {name: self.net.weights[f"{name}.weight"].T for name in names}
        weight = np.concatenate(list(weights.values()), axis=1)
        bias = self._packed(".bias", self.net.weights, weights)
        scales = self._packed(".weight", self.net.stored_scales, weights)
        return self.layers.linear(x, weight, bias, packed_name(names), scales)

    def _packed(
        self, kind: str, found: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> Array | None:
        """The layers' vectors of a kind side by side, zeros for those that have none."""
        if not any(name + kind in found for name in weights):
            return None
        parts = [
            found[name + kind] if name + kind in found else np.zeros(weight.shape[1], np.float32)
            for name, weight in weights.items()
        ]
        return np.concatenate(parts)

    def norm(self, x: str, name: str) -> str:
        """x normalised by the layer `name`."""
        weights, epsilon = self.net.weights, self.net.epsilon
        scale = weights[f"{name}.weight"]
        if f"{name}.bias" in weights:
            return self.graph.layer_norm(x, scale, weights[f"{name}.bias"], epsilon)
        return self.graph.rms_norm(x, scale, epsilon)

    def final_norm(self, x: str, name: str) -> str:
        """The normalisation that closes a stack of pre-normalised layers."""
        return x if self.net.post_norm else self.norm(x, name)

    def residual(self, x: str, norm: str, sublayer: Callable[[str], str]) -> str:
        """x + sublayer(norm(x)), or norm(x + sublayer(x))."""
        if self.net.post_norm:
            return self.norm(self.add(x, sublayer(x)), norm)
        return self.add(x, sublayer(self.norm(x, norm)))

    def add(self, x: str, y: str) -> str:
        """x + y."""
        return self.graph.op("Add", x, y)

    def feed_forward(self, x: str, name: str) -> str:
        """Two linear layers, the network's activation between them and a gate if it has one."""
        inner, gate = f"{name}.inner", f"{name}.gate"
        if f"{gate}.weight" not in self.net.weights:
            return self.linear(self._activated(self.linear(x, inner)), f"{name}.outer")
        x, factor = self.graph.split(self.linear(x, inner, gate), 2, axis=-1)
        return self.linear(self.graph.op("Mul", self._activated(x), factor), f"{name}.outer")

    def _activated(self, x: str) -> str:
        g, kind = self.graph, self.net.activation
        if kind in SWISH:
            return g.op("Mul", x, g.op("Sigmoid", x))
        if kind in FUSED:
            operator, attributes = FUSED[kind]
            names = [g.unique(operator)]
            return g.ops(operator, x, names=names, domain=MICROSOFT, **attributes)[0]
        if kind in SINGLE:
            return g.op(SINGLE[kind], x)
        if kind == "gelu":
            half = g.op("Mul", x, g.scalar(0.5))
            error = g.op("Erf", g.op("Mul", x, g.scalar(0.5**0.5)))
            return g.op("Mul", half, self.add(error, g.scalar(1.0)))
        raise ValueError(f"activation {kind}: known are {', '.join(sorted(ACTIVATIONS))}")

    def embedding(self, table: str, ids: str) -> str:
        """Rows of the table, scaled as the network scales them."""
        target = table == "trg_emb"
        factor = self.net.target_scale if target else self.net.source_scale
        weight = f"{table}.weight"
        scales = self.net.stored_scales.get(weight)
        return self.layers.embedding(self.net.weights[weight], ids, factor, scales)

    def embedding_norm(self, x: str, name: str) -> str:
        """x through the normalisation that follows embeddings, where the network has one."""
        return self.norm(x, name) if f"{name}.weight" in self.net.weights else x

    def timing(self, places: str, table: Array | None) -> str | None:
        """The positions' signal, where the network has a table of it."""
        if table is None:
            return None
        return self.graph.op("Gather", self.graph.constant(table, np.float32), places)

    def timed(self, x: str, timing: str | None) -> str:
        """x with the positions' signal, where there is one."""
        return x if timing is None else self.add(x, timing)

    def range(self, length: str) -> str:
        """The numbers from 0 to `length` − 1."""
        g = self.graph
        return g.op("Range", g.constant(0, np.int64), length, g.constant(1, np.int64))

    def size(self, x: str, axis: int) -> str:
        """How long x is along the axis."""
        return self.graph.op(
            "Gather", self.graph.op("Shape", x), self.graph.constant(axis, np.int64)
        )

    def offsets(self, queries: str, keys: str) -> str:
        """Rows of the relative tables for each distance query − key, clipped to ±D."""
        g, distance = self.graph, self.net.max_relative_dis
        apart = g.op("Sub", queries, keys)
        lowest, highest = g.constant(-distance, np.int64), g.constant(distance, np.int64)
        return g.op("Add", g.op("Clip", apart, lowest, highest), highest)

    def hide(self, visible: str) -> str:
        """What is added to logits: 0 where `visible`, else so little that nothing is left."""
        return self.graph.op("Where", visible, self.graph.scalar(0.0), self.graph.scalar(MASKED))


def packed_name(names: Sequence[str]) -> str:
    """What the product of layers side by side is called: a.q and a.kv make a.qkv."""
    stem, dot, last = names[0].rpartition(".")
    return stem + dot + last + "".join(name.rpartition(".")[2] for name in names[1:])
