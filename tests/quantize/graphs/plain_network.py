"""A network's plain NumPy reading, one sentence and one step at a time, and random networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.bundle import Bundle, Dimensions
from pipeline.config import DEFAULT_MODEL
from quantize.graphs import write_graphs
from quantize.int8.recipes import load_recipe
from quantize.int8.rounding import Quantiser
from quantize.network import Array, Network, timing_signal

END, UNKNOWN = 0, 1
POSITIONS = 64
ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "swish": lambda x: x * sigmoid(x),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "gelu-tanh": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu-sigmoid": lambda x: x * sigmoid(1.702 * x),
    "tanh": np.tanh,
    "sigmoid": lambda x: sigmoid(x),
}


def sigmoid(x: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-x))
    return result


def softmax(x: Array) -> Array:
    shifted = np.exp(x - x.max(axis=-1, keepdims=True))
    result: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def random_network(
    seed: int = 0,
    *,
    hidden: int = 32,
    heads: int = 4,
    inner: int = 48,
    layers: tuple[int, int] = (2, 2),
    vocabularies: tuple[int, int] = (90, 130),
    biases: bool = True,
    rms: bool = False,
    gate: bool = False,
    embedding_norm: bool = False,
    own_softmax: bool = False,
    **options: Any,
) -> Network:
    """A network without semantics; `options` are those of `Network`."""
    rng, weights = np.random.default_rng(seed), dict[str, Array]()
    ssru, post_norm = options.get("decoder") == "ssru", options.get("post_norm", False)

    def linear(name: str, out: int, size: int = hidden, *, bias: bool = biases) -> None:
        weights[f"{name}.weight"] = rng.normal(0, 1.2 * size**-0.5, (out, size))
        if bias:
            weights[f"{name}.bias"] = rng.normal(0, 0.2, out)

    def norm(name: str) -> None:
        weights[f"{name}.weight"] = rng.uniform(0.6, 1.4, hidden)
        if not rms:
            weights[f"{name}.bias"] = rng.normal(0, 0.2, hidden)

    def attention(name: str) -> None:
        linear(f"{name}.q", hidden)
        linear(f"{name}.kv", 2 * hidden)
        linear(f"{name}.out", hidden)
        norm(name.replace("_attn", "").replace(".attn", ".attn") + "_norm")

    def feed_forward(name: str) -> None:
        linear(f"{name}.inner", inner)
        if gate:
            linear(f"{name}.gate", inner)
        linear(f"{name}.outer", hidden, inner)
        norm(f"{name}_norm")

    for side, size in zip(("src_emb", "trg_emb"), vocabularies, strict=True):
        weights[f"{side}.weight"] = rng.normal(0, hidden**-0.5, (size, hidden))
    for i in range(layers[0]):
        attention(f"encoder.{i}.attn")
        feed_forward(f"encoder.{i}.ffn")
    for i in range(layers[1]):
        if ssru:
            linear(f"decoder.{i}.ssru.input", hidden, bias=False)
            linear(f"decoder.{i}.ssru.forget", hidden, bias=True)
            norm(f"decoder.{i}.self_norm")
        else:
            attention(f"decoder.{i}.self_attn")
        attention(f"decoder.{i}.cross_attn")
        feed_forward(f"decoder.{i}.ffn")
    for side in ("encoder", "decoder"):
        if not post_norm:
            norm(f"{side}_norm")
        if embedding_norm:
            norm(f"{side}_emb_norm")
    if own_softmax:
        weights["softmax.weight"] = rng.normal(0, hidden**-0.5, (vocabularies[1], hidden))
    weights["logits_bias"] = rng.normal(0, 0.3, vocabularies[1])
    return Network(
        family="marian",
        hidden_size=hidden,
        encoder_heads=heads,
        decoder_heads=heads,
        num_encoder_layers=layers[0],
        num_decoder_layers=layers[1],
        weights={name: array.astype(np.float32) for name, array in weights.items()},
        max_positions=POSITIONS,
        **({"source_scale": hidden**0.5, "target_scale": hidden**0.5}
           | {"positions": timing_signal(POSITIONS, hidden)} | options),
    )  # fmt: skip


def bundle_of(network: Network, folder: Path, recipe: str = "fp32", **decoding: Any) -> Bundle:
    """The network's graphs in `folder`, behind a manifest without text."""
    files = write_graphs(network, Quantiser(load_recipe(recipe)), folder)
    manifest = Bundle.load(DEFAULT_MODEL).manifest
    dimensions = Dimensions(
        hidden_size=network.hidden_size,
        num_heads=network.decoder_heads,
        head_size=network.head_size,
        num_decoder_layers=network.num_decoder_layers,
        source_vocab_size=network.source_vocab_size,
        target_vocab_size=network.target_vocab_size,
        max_positions=network.max_positions,
        semantic_bias=False,
        decoder=network.decoder,
    )
    own = {"rules": "marian", "max_length": 24, "max_source_length": 48, "length_ratio": 0.0}
    settings = manifest.decoding.model_copy(update=own | decoding)
    update = {"dimensions": dimensions, "decoding": settings, "files": dict.fromkeys(files)}
    return Bundle(folder, manifest.model_copy(update=update))


class PlainNetwork:
    """The network in float64."""

    def __init__(self, network: Network) -> None:
        self.net = network
        self.weights = {name: array.astype(np.float64) for name, array in network.weights.items()}

    def logits(self, source: Sequence[int], target: Sequence[int]) -> Array:
        """Teacher-forced [n+1, V]; `source` is all that the encoder is given."""
        memory, net = self._encoded(source), self.net
        history: list[dict[str, Array]] = [{} for _ in range(net.num_decoder_layers)]
        rows = [
            self._step(step, token, memory, history)
            for step, token in enumerate((net.start_id, *target))
        ]
        table = self.weights.get("softmax.weight", self.weights["trg_emb.weight"])
        return np.stack(rows) @ table.T + self.weights["logits_bias"]

    def _linear(self, x: Array, name: str) -> Array:
        y: Array = x @ self.weights[f"{name}.weight"].T
        return y + self.weights.get(f"{name}.bias", 0.0)

    def _norm(self, x: Array, name: str) -> Array:
        scale, epsilon = self.weights[f"{name}.weight"], self.net.epsilon
        if f"{name}.bias" not in self.weights:
            result: Array = x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon) * scale
            return result
        apart = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((apart**2).mean(-1, keepdims=True) + epsilon)
        return apart / deviation * scale + self.weights[f"{name}.bias"]

    def _optional_norm(self, x: Array, name: str) -> Array:
        return self._norm(x, name) if f"{name}.weight" in self.weights else x

    def _residual(self, x: Array, norm: str, sublayer: Any) -> Array:
        if self.net.post_norm:
            return self._norm(x + sublayer(x), norm)
        result: Array = x + sublayer(self._norm(x, norm))
        return result

    def _feed_forward(self, x: Array, name: str) -> Array:
        inner = ACTIVATIONS[self.net.activation](self._linear(x, f"{name}.inner"))  # type: ignore[no-untyped-call]
        if f"{name}.gate.weight" in self.weights:
            inner = inner * self._linear(x, f"{name}.gate")
        return self._linear(inner, f"{name}.outer")

    def _mixed(self, q: Array, keys: Array, values: Array, heads: int) -> Array:
        """Attention [n, H] of queries [n, H]."""
        parts = []
        for q_, k, v in zip(*(np.split(x, heads, axis=-1) for x in (q, keys, values)), strict=True):
            parts.append(softmax(q_ @ k.T / np.sqrt(q_.shape[-1])) @ v)
        return np.concatenate(parts, axis=-1)

    def _encoded(self, source: Sequence[int]) -> Array:
        net = self.net
        assert net.positions is not None
        x = self.weights["src_emb.weight"][list(source)] * net.source_scale
        x = self._optional_norm(x + net.positions[: len(source)], "encoder_emb_norm")
        for i in range(net.num_encoder_layers):
            name = f"encoder.{i}"

            def attention(h: Array, name: str = f"{name}.attn") -> Array:
                keys, values = np.split(self._linear(h, f"{name}.kv"), 2, axis=-1)
                mixed = self._mixed(self._linear(h, f"{name}.q"), keys, values, net.encoder_heads)
                return self._linear(mixed, f"{name}.out")

            x = self._residual(x, f"{name}.attn_norm", attention)
            x = self._residual(
                x, f"{name}.ffn_norm", lambda h, name=name: self._feed_forward(h, f"{name}.ffn")
            )
        return x if net.post_norm else self._norm(x, "encoder_norm")

    def _step(
        self, step: int, token: int | None, memory: Array, history: list[dict[str, Array]]
    ) -> Array:
        net = self.net
        positions = net.positions if net.target_positions is None else net.target_positions
        assert positions is not None
        x = positions[step].astype(np.float64)
        if token is not None:
            x = x + self.weights["trg_emb.weight"][token] * net.target_scale
        x = self._optional_norm(x, "decoder_emb_norm")
        for i in range(net.num_decoder_layers):
            name, past = f"decoder.{i}", history[i]
            remember = self._ssru if net.decoder == "ssru" else self._self_attention
            x = self._residual(
                x, f"{name}.self_norm", lambda h, n=name, p=past, r=remember: r(h, n, p)
            )
            x = self._residual(x, f"{name}.cross_norm", lambda h, n=name: self._cross(h, n, memory))
            x = self._residual(
                x, f"{name}.ffn_norm", lambda h, n=name: self._feed_forward(h, f"{n}.ffn")
            )
        return x if net.post_norm else self._norm(x, "decoder_norm")

    def _ssru(self, h: Array, name: str, past: dict[str, Array]) -> Array:
        forget = sigmoid(self._linear(h, f"{name}.ssru.forget"))
        new = self._linear(h, f"{name}.ssru.input")
        past["state"] = forget * past.get("state", 0.0) + (1 - forget) * new
        return np.maximum(past["state"], 0)

    def _self_attention(self, h: Array, name: str, past: dict[str, Array]) -> Array:
        block = f"{name}.self_attn"
        new = self._linear(h, f"{block}.kv")[None]
        past["kv"] = np.concatenate([past["kv"], new]) if "kv" in past else new
        keys, values = np.split(past["kv"], 2, axis=-1)
        query = self._linear(h, f"{block}.q")[None]
        mixed = self._mixed(query, keys, values, self.net.decoder_heads)
        return self._linear(mixed[0], f"{block}.out")

    def _cross(self, h: Array, name: str, memory: Array) -> Array:
        block = f"{name}.cross_attn"
        keys, values = np.split(self._linear(memory, f"{block}.kv"), 2, axis=-1)
        query = self._linear(h, f"{block}.q")[None]
        mixed = self._mixed(query, keys, values, self.net.decoder_heads)
        return self._linear(mixed[0], f"{block}.out")
