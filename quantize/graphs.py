"""CSANMT's encoder and decoding step as ONNX graphs (contract: docs/bundle.md).

B sentences, S source length with the end symbol, N sentences in a step, K rows (beams) a sentence,
R = N·K rows, T room in the cache, L decoder layers, h heads of size d, H = h·d, V target vocabulary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, ValueInfoProto

from quantize.builder import Array, GraphBuilder, WeightFile, packed_name, value
from quantize.plan import Plan

BLOCK = 64  # logits a block in the two-stage choice of the best tokens
NEVER = -1e30  # logit of a padding column
MASKED = -1e9


@dataclass(frozen=True)
class Network:
    """Sizes and float32 weights of a CSANMT, in the names of `quantize.csanmt.modeling.Csanmt`."""

    hidden_size: int
    num_heads: int
    num_encoder_layers: int
    num_decoder_layers: int
    num_semantic_encoder_layers: int
    max_relative_dis: int
    positions: Array  # [P, H] timing signal: P bounds source and target length
    weights: dict[str, Array]

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_heads

    @property
    def target_vocab_size(self) -> int:
        return len(self.weights["trg_emb.weight"])


def write_graphs(network: Network, plan: Plan, folder: Path) -> list[str]:
    """Write encoder.onnx, step.onnx, step_logits.onnx and weights.bin; returns their names."""
    weights = WeightFile(folder / "weights.bin")
    Encoder(network, GraphBuilder(plan, weights)).write(folder / "encoder.onnx")
    Step(network, GraphBuilder(plan, weights)).write(folder / "step.onnx", choose=True)
    Step(network, GraphBuilder(plan, weights)).write(folder / "step_logits.onnx", choose=False)
    weights.close()
    return ["encoder.onnx", "step.onnx", "step_logits.onnx", "weights.bin"]


class _Graph:
    def __init__(self, network: Network, builder: GraphBuilder) -> None:
        self.net, self.b = network, builder

    def linear(self, x: str, *names: str) -> str:
        """x through the linear layers `names`, packed side by side."""
        weight = np.concatenate([self.net.weights[f"{name}.weight"].T for name in names], axis=1)
        bias = np.concatenate([self.net.weights[f"{name}.bias"] for name in names])
        return self.b.linear(x, weight, bias, packed_name(names))

    def norm(self, x: str, name: str) -> str:
        return self.b.layer_norm(x, self.net.weights[f"{name}.weight"], self.net.weights[f"{name}.bias"])

    def add(self, x: str, y: str) -> str:
        return self.b.op("Add", x, y)

    def feed_forward(self, x: str, name: str) -> str:
        return self.linear(self.b.op("Relu", self.linear(x, f"{name}.inner")), f"{name}.outer")

    def scaled_embedding(self, table: str, ids: str) -> str:
        rows = self.b.embedding(self.net.weights[f"{table}.weight"], ids)
        return self.b.op("Mul", rows, self.b.scalar(self.net.hidden_size**0.5))

    def heads(self, x: str, *perm: int) -> str:
        """[B, S, H] -> [B, S, h, d], transposed by `perm`."""
        shape = self.b.ints(0, 0, self.net.num_heads, self.net.head_size)
        return self.b.op("Transpose", self.b.op("Reshape", x, shape), perm=perm)


class Encoder(_Graph):
    """input_ids [B, S] int64, lengths [B] int32 -> cross keys and values of every decoder layer, semantic bias."""

    def write(self, path: Path) -> None:
        b, net = self.b, self.net
        self._masks()
        memory = self.norm(self._translation_stack(), "encoder_norm")
        outputs = self._semantic_bias(self._sentence_vector())
        for layer in range(net.num_decoder_layers):
            outputs += self._cross(memory, layer)
        inputs = [value("input_ids", TensorProto.INT64, "B", "S"), value("lengths", TensorProto.INT32, "B")]
        b.save(path, inputs, outputs)

    def _masks(self) -> None:
        b = self.b
        length = b.op("Gather", b.op("Shape", "input_ids"), b.constant(1, np.int64))
        zero, one = b.constant(0, np.int64), b.constant(1, np.int64)
        self.places = b.op("Range", zero, length, one)  # [S]
        known = b.op("Unsqueeze", b.op("Cast", "lengths", to=TensorProto.INT64), b.ints(1))
        visible = b.op("Less", self.places, known)  # [B, S]
        self.keep = b.op("Unsqueeze", b.op("Cast", visible, to=TensorProto.FLOAT), b.ints(2))
        bias = b.op("Where", visible, b.scalar(0.0), b.scalar(MASKED))
        self.key_bias = b.op("Unsqueeze", bias, b.ints(1, 2))  # [B, 1, 1, S]

    def _translation_stack(self) -> str:
        b, net = self.b, self.net
        timing = b.op("Gather", b.constant(net.positions, np.float32), self.places)
        x = b.op("Mul", self.add(self.scaled_embedding("src_emb", "input_ids"), timing), self.keep)
        x = self.add(x, b.constant(net.weights["src_bias"], np.float32))
        for layer in range(net.num_encoder_layers):
            x = self._layer(x, f"encoder.{layer}", offsets=None)
        return x

    def _layer(self, x: str, name: str, offsets: str | None) -> str:
        x = self.add(x, self._self_attention(self.norm(x, f"{name}.attn_norm"), f"{name}.attn", offsets))
        x = self.add(x, self.feed_forward(self.norm(x, f"{name}.ffn_norm"), f"{name}.ffn"))
        return self.b.op("Mul", x, self.keep)

    def _self_attention(self, x: str, name: str, offsets: str | None) -> str:
        """With `offsets` [S, S], Shaw's relative positions (docs/csanmt.md)."""
        b, net = self.b, self.net
        q, k, v = b.split(self.linear(x, f"{name}.q", f"{name}.kv"), 3, axis=-1)
        q = b.op("Mul", self.heads(q, 0, 2, 1, 3), b.scalar(net.head_size**-0.5))
        logits = b.op("MatMul", q, self.heads(k, 0, 2, 3, 1))
        if offsets:
            logits = self.add(logits, self._relative_keys(q, f"{name}.rpr_k", offsets))
        weights = b.op("Softmax", self.add(logits, self.key_bias), axis=-1)
        mixed = b.op("MatMul", weights, self.heads(v, 0, 2, 1, 3))
        if offsets:
            mixed = self.add(mixed, self._relative_values(weights, f"{name}.rpr_v", offsets))
        joined = b.op("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.linear(b.op("Reshape", joined, b.ints(0, 0, net.hidden_size)), f"{name}.out")

    def _relative_keys(self, q: str, table: str, offsets: str) -> str:
        """q [B, h, S, d] · rpr_k[offsets] -> [B, h, S, S], one product for every query position."""
        b = self.b
        rows = b.op(
            "Transpose", b.op("Gather", b.constant(self.net.weights[table], np.float32), offsets), perm=[0, 2, 1]
        )
        by_query = b.op("Transpose", q, perm=[2, 0, 1, 3])  # [S, B, h, d]
        products = b.op("MatMul", by_query, b.op("Unsqueeze", rows, b.ints(1)))  # [S, B, h, S]
        return b.op("Transpose", products, perm=[1, 2, 0, 3])

    def _relative_values(self, weights: str, table: str, offsets: str) -> str:
        """weights [B, h, S, S] · rpr_v[offsets] -> [B, h, S, d]."""
        b = self.b
        rows = b.op("Gather", b.constant(self.net.weights[table], np.float32), offsets)  # [S, S, d]
        by_query = b.op("Transpose", weights, perm=[2, 0, 1, 3])
        products = b.op("MatMul", by_query, b.op("Unsqueeze", rows, b.ints(1)))
        return b.op("Transpose", products, perm=[1, 2, 0, 3])

    def _sentence_vector(self) -> str:
        """[B, 1, H]: mean over visible positions of the semantic encoder's states, projected, normalised."""
        b, net = self.b, self.net
        table = "src_emb" if "sem_emb.weight" not in net.weights else "sem_emb"
        z = b.op("Mul", self.scaled_embedding(table, "input_ids"), self.keep)
        distance = net.max_relative_dis
        rows = b.op("Unsqueeze", self.places, b.ints(1))
        apart = b.op("Sub", rows, self.places)
        clipped = b.op("Clip", apart, b.constant(-distance, np.int64), b.constant(distance, np.int64))
        offsets = b.op("Add", clipped, b.constant(distance, np.int64))
        for layer in range(net.num_semantic_encoder_layers):
            z = self._layer(z, f"semantic.{layer}", offsets)
        count = b.op("ReduceSum", self.keep, b.ints(1), keepdims=1)
        pooled = b.op("Div", b.op("ReduceSum", z, b.ints(1), keepdims=1), count)
        return self.norm(self.linear(pooled, "semantic_pool"), "semantic_norm")

    def _semantic_bias(self, vector: str) -> list[ValueInfoProto]:
        """What each decoder layer adds to its input at every step: constant for a sentence."""
        b, net = self.b, self.net
        layers = [
            self.feed_forward(self.norm(vector, f"decoder.{layer}.aug_norm"), f"decoder.{layer}.aug")
            for layer in range(net.num_decoder_layers)
        ]
        b.op("Concat", *layers, axis=1, name="semantic_bias")
        return [value("semantic_bias", TensorProto.FLOAT, "B", net.num_decoder_layers, net.hidden_size)]

    def _cross(self, memory: str, layer: int) -> list[ValueInfoProto]:
        """cross_key [B, h, d, S]; cross_value [B, h, S, d+1], whose last column is one (see `Step._cross`)."""
        b, net = self.b, self.net
        k, v = b.split(self.linear(memory, f"decoder.{layer}.cross_attn.kv"), 2, axis=-1)
        names = f"cross_key_{layer}", f"cross_value_{layer}"
        shape = b.ints(0, 0, net.num_heads, net.head_size)
        b.op("Transpose", b.op("Reshape", k, shape), perm=[0, 2, 3, 1], name=names[0])
        values = self.heads(v, 0, 2, 1, 3)
        b.op("Pad", values, b.ints(0, 0, 0, 0, 0, 0, 0, 1), b.scalar(1.0), name=names[1])
        h, d = net.num_heads, net.head_size
        return [
            value(names[0], TensorProto.FLOAT, "B", h, d, "S"),
            value(names[1], TensorProto.FLOAT, "B", h, "S", d + 1),
        ]


class Step(_Graph):
    """One decoding step for every row at its own position, keys and values written into the cache in place."""

    def write(self, path: Path, *, choose: bool) -> None:
        """With `choose`, outputs the best `candidates` tokens a row; else all logits."""
        b, net = self.b, self.net
        h, d = net.num_heads, net.head_size
        inputs = [
            value("tokens", TensorProto.INT64, "R"),  # ignored at position 0
            value("positions", TensorProto.INT32, "R"),  # tokens already in the row's cache
            value("cache_length", TensorProto.INT32),  # longest row, this step included
            value("beam", TensorProto.INT64, 1),  # K
            value("source_lengths", TensorProto.INT32, "N"),
            value("semantic_bias", TensorProto.FLOAT, "N", net.num_decoder_layers, net.hidden_size),
        ]
        outputs = []
        self._prepare()
        x = self._input()
        for layer in range(net.num_decoder_layers):
            inputs += [
                value(f"cross_key_{layer}", TensorProto.FLOAT, "N", h, d, "S"),
                value(f"cross_value_{layer}", TensorProto.FLOAT, "N", h, "S", d + 1),
            ]
            for part in ("key", "value"):
                inputs.append(value(f"past_{part}_{layer}", TensorProto.FLOAT, "R", h, "T", d))
                outputs.append(value(f"present_{part}_{layer}", TensorProto.FLOAT, "R", h, "T", d))
            x = self._layer(x, layer)
        logits = self._logits(self.norm(x, "decoder_norm"))
        if choose:
            inputs.append(value("candidates", TensorProto.INT64, 1))
            outputs += self._choose(logits)
        else:
            b.op("Slice", logits, b.ints(0), b.ints(net.target_vocab_size), b.ints(1), name="logits")
            outputs.append(value("logits", TensorProto.FLOAT, "R", net.target_vocab_size))
        b.save(path, inputs, outputs)

    def _prepare(self) -> None:
        b, net = self.b, self.net
        minus, hidden = b.ints(-1), b.ints(net.hidden_size)
        self.by_sentence = b.op("Concat", minus, "beam", hidden, axis=0)  # [N, K, H]
        self.by_head = b.op("Concat", minus, "beam", b.ints(net.num_heads, net.head_size), axis=0)
        self.by_row = b.ints(-1, net.hidden_size)
        length = b.op("Gather", b.op("Shape", "cross_key_0"), b.constant(3, np.int64))
        places = b.op("Range", b.constant(0, np.int64), length, b.constant(1, np.int64))
        known = b.op("Unsqueeze", b.op("Cast", "source_lengths", to=TensorProto.INT64), b.ints(1))
        bias = b.op("Where", b.op("Less", places, known), b.scalar(0.0), b.scalar(MASKED))
        self.key_bias = b.op("Unsqueeze", bias, b.ints(1, 2))  # [N, 1, 1, S]

    def _input(self) -> str:
        """The zero vector at position 0, else the embedded token; plus timing. [R, H]"""
        b, net = self.b, self.net
        later = b.op("Cast", b.op("Greater", "positions", b.constant(0, np.int32)), to=TensorProto.FLOAT)
        embedded = b.op("Mul", self.scaled_embedding("trg_emb", "tokens"), b.op("Unsqueeze", later, b.ints(1)))
        return self.add(embedded, b.op("Gather", b.constant(net.positions, np.float32), "positions"))

    def _layer(self, x: str, layer: int) -> str:
        b = self.b
        name = f"decoder.{layer}"
        bias = b.op("Gather", "semantic_bias", b.ints(layer), axis=1)  # [N, 1, H]
        x = b.op("Reshape", self.add(b.op("Reshape", x, self.by_sentence), bias), self.by_row)
        x = self.add(x, self._self_attention(self.norm(x, f"{name}.self_norm"), layer))
        x = self.add(x, self._cross(self.norm(x, f"{name}.cross_norm"), layer))
        return self.add(x, self.feed_forward(self.norm(x, f"{name}.ffn_norm"), f"{name}.ffn"))

    def _self_attention(self, x: str, layer: int) -> str:
        b, net = self.b, self.net
        name = f"decoder.{layer}.self_attn"
        packed = b.op("Unsqueeze", self.linear(x, f"{name}.q", f"{name}.kv"), b.ints(1))  # [R, 1, 3H]
        past = f"past_key_{layer}", f"past_value_{layer}"
        names = [f"attended_{layer}", f"present_key_{layer}", f"present_value_{layer}"]
        b.ops(
            "GroupQueryAttention",
            *(packed, "", "", *past, "positions", "cache_length"),
            names=names,
            domain="com.microsoft",
            num_heads=net.num_heads,
            kv_num_heads=net.num_heads,
        )
        return self.linear(b.op("Reshape", names[0], self.by_row), f"{name}.out")

    def _cross(self, x: str, layer: int) -> str:
        """The K rows of a sentence are K queries on one set of keys.

        Values carry a column of ones, so the product also sums the exponentials, in the order of the
        source: padding adds exact zeros at the end, and no reduction kernel's lanes depend on it.
        """
        b, net = self.b, self.net
        name = f"decoder.{layer}.cross_attn"
        q = b.op("Mul", self.linear(x, f"{name}.q"), b.scalar(net.head_size**-0.5))
        q = b.op("Transpose", b.op("Reshape", q, self.by_head), perm=[0, 2, 1, 3])  # [N, h, K, d]
        scores = self.add(b.op("MatMul", q, f"cross_key_{layer}"), self.key_bias)
        peak = b.op("ReduceMax", scores, b.ints(-1), keepdims=1)
        summed = b.op("MatMul", b.op("Exp", b.op("Sub", scores, peak)), f"cross_value_{layer}")
        parts = b.ops("Split", summed, b.ints(net.head_size, 1), names=[f"mixed_{layer}", f"mass_{layer}"], axis=-1)
        mixed = b.op("Transpose", b.op("Div", *parts), perm=[0, 2, 1, 3])
        return self.linear(b.op("Reshape", mixed, self.by_row), f"{name}.out")

    def _logits(self, x: str) -> str:
        """[R, V padded to whole blocks], the tied target embedding as weights; padding can never win."""
        table = self.net.weights["trg_emb.weight"].T
        padding = -table.shape[1] % BLOCK
        logits = self.b.linear(x, np.pad(table, ((0, 0), (0, padding))), None, "logits")
        if not padding:
            return logits
        bias = np.zeros(table.shape[1] + padding, np.float32)
        bias[table.shape[1] :] = NEVER
        return self.add(logits, self.b.constant(bias))

    def _choose(self, logits: str) -> list[ValueInfoProto]:
        """The best tokens in descending order, equal ones by ascending id, with their log-probabilities.

        The maxima of blocks choose the blocks that can hold a winner, then those blocks' logits are
        compared: exact, and cheaper than one pass over V with any of the runtime's kernels.
        """
        b = self.b
        blocks = math.ceil(self.net.target_vocab_size / BLOCK)
        by_block = b.op("Reshape", logits, b.ints(-1, blocks, BLOCK))
        wanted = b.op("Min", "candidates", b.ints(blocks))
        maxima = b.op("ReduceMax", by_block, b.ints(2), keepdims=0)
        best = b.ops("TopK", maxima, wanted, names=["block_maxima", "best_blocks"], axis=-1)[1]
        chosen = b.ops("TopK", best, wanted, names=["blocks", "block_order"], axis=-1, largest=0)[0]
        pool = b.op("GatherND", by_block, b.op("Unsqueeze", chosen, b.ints(-1)), batch_dims=1)
        pool = b.op("Reshape", pool, b.ints(0, -1))
        place = b.ops("TopK", pool, "candidates", names=["top_logits", "places"], axis=-1)[1]
        size = b.constant(BLOCK, np.int64)
        block = b.op("GatherElements", chosen, b.op("Div", place, size), axis=1)
        b.op("Add", b.op("Mul", block, size), b.op("Mod", place, size), name="top_ids")
        b.op("GatherElements", b.op("LogSoftmax", logits, axis=-1), "top_ids", axis=1, name="top_logprobs")
        return [
            value("top_ids", TensorProto.INT64, "R", "C"),
            value("top_logprobs", TensorProto.FLOAT, "R", "C"),
        ]


def timing_signal(length: int, channels: int) -> Array:
    """Sinusoidal positions, all sines then all cosines: [length, channels] float32 (docs/csanmt.md)."""
    half = channels // 2
    rate = np.exp(np.arange(half, dtype=np.float32) * np.float32(-math.log(1e4) / (half - 1)))
    angle = np.arange(length, dtype=np.float32)[:, None] * rate
    signal = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    return np.pad(signal, ((0, 0), (0, channels % 2)))
