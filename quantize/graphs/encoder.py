"""The encoder's graph: what a sentence is to every decoding step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, ValueInfoProto

from quantize.builder import value
from quantize.graphs.blocks import Graph


class Encoder(Graph):
    """input_ids [B, S] int64, lengths [B] int32 -> source mask, semantic bias, cross keys and values of every layer."""

    def write(self, path: Path) -> None:
        b, net = self.b, self.net
        self._masks()
        memory = self._translation_stack()
        outputs = [value("source_mask", TensorProto.INT32, "B", "S")]
        if net.semantic:
            outputs += self._semantic_bias(self._sentence_vector())
        for layer in range(net.num_decoder_layers):
            outputs += self._cross(memory, layer)
        inputs = [value("input_ids", TensorProto.INT64, "B", "S"), value("lengths", TensorProto.INT32, "B")]
        b.save(path, inputs, outputs)

    def _masks(self) -> None:
        b = self.b
        self.places = self.range(self.size("input_ids", 1))  # [S]
        known = b.op("Unsqueeze", b.op("Cast", "lengths", to=TensorProto.INT64), b.ints(1))
        visible = b.op("Less", self.places, known)  # [B, S]
        if self.net.semantic:
            visible = b.op("And", visible, self._after_a_token())
            self.self_offsets = self.offsets(b.op("Unsqueeze", self.places, b.ints(1)), self.places)  # [S, S]
        self.mask = b.op("Cast", visible, to=TensorProto.INT32, name="source_mask")
        self.keep = b.op("Unsqueeze", b.op("Cast", visible, to=TensorProto.FLOAT), b.ints(2))
        if self.net.semantic or self.net.positions is None:
            self.key_bias = b.op("Unsqueeze", self.hide(visible), b.ints(1, 2))  # [B, 1, 1, S]

    def _after_a_token(self) -> str:
        """CSANMT sees its first position and those after a token; the end symbol hides what follows it."""
        b = self.b
        before = b.op("Slice", "input_ids", b.ints(0), b.ints(-1), b.ints(1))
        ended = b.op("Equal", before, b.constant(0, np.int64))
        hidden = b.op("Pad", b.op("Cast", ended, to=TensorProto.INT64), b.ints(0, 1, 0, 0), b.constant(0, np.int64))
        return b.op("Equal", hidden, b.constant(0, np.int64))

    def _translation_stack(self) -> str:
        b, net = self.b, self.net
        timing = self.timing(self.places)
        x = self.timed(self.embedding("src_emb", "input_ids"), timing)
        if net.semantic:
            x = self.add(b.op("Mul", x, self.keep), b.constant(net.weights["src_bias"], np.float32))
        for layer in range(net.num_encoder_layers):
            x = self._layer(x, f"encoder.{layer}", relative=net.positions is None)
        return self.final_norm(x, "encoder_norm")

    def _layer(self, x: str, name: str, *, relative: bool) -> str:
        x = self.residual(x, f"{name}.attn_norm", lambda h: self._self_attention(h, f"{name}.attn", relative))
        x = self.residual(x, f"{name}.ffn_norm", lambda h: self.feed_forward(h, f"{name}.ffn"))
        self.tick()
        return self.b.op("Mul", x, self.keep)

    def _self_attention(self, x: str, name: str, relative: bool) -> str:
        """With `relative`, Shaw's positions (docs/csanmt.md), which the fused kernel has no place for."""
        b = self.b
        q, k, v = b.split(self.linear(x, f"{name}.q", f"{name}.kv"), 3, axis=-1)
        if relative:
            mixed = self._relative_attention(q, k, v, name)
        else:
            mixed = self.attention(q, k, v, self.mask, self.net.encoder_heads)
        return self.linear(mixed, f"{name}.out")

    def _relative_attention(self, q: str, k: str, v: str, name: str) -> str:
        b, net = self.b, self.net
        size = net.hidden_size // net.encoder_heads
        q = b.op("Mul", self._heads(q, 0, 2, 1, 3), b.scalar(size**-0.5))
        logits = self.add(b.op("MatMul", q, self._heads(k, 0, 2, 3, 1)), self._relative_keys(q, f"{name}.rpr_k"))
        weights = b.op("Softmax", self.add(logits, self.key_bias), axis=-1)
        mixed = b.op("MatMul", weights, self._heads(v, 0, 2, 1, 3))
        mixed = self.add(mixed, self._relative_values(weights, f"{name}.rpr_v"))
        joined = b.op("Transpose", mixed, perm=[0, 2, 1, 3])
        return b.op("Reshape", joined, b.ints(0, 0, net.hidden_size))

    def _heads(self, x: str, *perm: int) -> str:
        """[B, S, H] -> [B, S, h, d], transposed by `perm`."""
        heads = self.net.encoder_heads
        shape = self.b.ints(0, 0, heads, self.net.hidden_size // heads)
        return self.b.op("Transpose", self.b.op("Reshape", x, shape), perm=perm)

    def _relative_keys(self, q: str, table: str) -> str:
        """q [B, h, S, d] · rpr_k[offsets] -> [B, h, S, S], one product for every query position."""
        b = self.b
        rows = b.op("Gather", b.constant(self.net.weights[table], np.float32), self.self_offsets)  # [S, S, d]
        by_query = b.op("Transpose", q, perm=[2, 0, 1, 3])  # [S, B, h, d]
        columns = b.op("Unsqueeze", b.op("Transpose", rows, perm=[0, 2, 1]), b.ints(1))
        return b.op("Transpose", b.op("MatMul", by_query, columns), perm=[1, 2, 0, 3])

    def _relative_values(self, weights: str, table: str) -> str:
        """weights [B, h, S, S] · rpr_v[offsets] -> [B, h, S, d]."""
        b = self.b
        rows = b.op("Gather", b.constant(self.net.weights[table], np.float32), self.self_offsets)  # [S, S, d]
        by_query = b.op("Transpose", weights, perm=[2, 0, 1, 3])
        products = b.op("MatMul", by_query, b.op("Unsqueeze", rows, b.ints(1)))
        return b.op("Transpose", products, perm=[1, 2, 0, 3])

    def _sentence_vector(self) -> str:
        """[B, 1, H]: mean over visible positions of the semantic encoder's states, projected, normalised."""
        b, net = self.b, self.net
        table = "sem_emb" if "sem_emb.weight" in net.weights else "src_emb"
        z = b.op("Mul", self.embedding(table, "input_ids"), self.keep)
        for layer in range(net.num_semantic_encoder_layers):
            z = self._layer(z, f"semantic.{layer}", relative=True)
        count = b.op("ReduceSum", self.keep, b.ints(1), keepdims=1)
        pooled = b.op("Div", b.op("ReduceSum", z, b.ints(1), keepdims=1), count)
        return self.final_norm(self.linear(pooled, "semantic_pool"), "semantic_norm")

    def _semantic_bias(self, vector: str) -> list[ValueInfoProto]:
        """What each decoder layer adds to its input at every step: constant for a sentence."""
        b, net = self.b, self.net
        layers = []
        for layer in range(net.num_decoder_layers):
            name = f"decoder.{layer}"
            h = vector if net.post_norm else self.norm(vector, f"{name}.aug_norm")
            layers.append(self.feed_forward(h, f"{name}.aug"))
        b.op("Concat", *layers, axis=1, name="semantic_bias")
        return [value("semantic_bias", TensorProto.FLOAT, "B", net.num_decoder_layers, net.hidden_size)]

    def _cross(self, memory: str, layer: int) -> list[ValueInfoProto]:
        """cross_key and cross_value [B, h, S, d]."""
        b, net = self.b, self.net
        h, d = net.decoder_heads, net.head_size
        parts = b.split(self.linear(memory, f"decoder.{layer}.cross_attn.kv"), 2, axis=-1)
        names = f"cross_key_{layer}", f"cross_value_{layer}"
        for part, name in zip(parts, names, strict=True):
            b.op("Transpose", b.op("Reshape", part, b.ints(0, 0, h, d)), perm=[0, 2, 1, 3], name=name)
        return [value(name, TensorProto.FLOAT, "B", h, "S", d) for name in names]
