"""The encoder's graph: what a sentence is to every decoding step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, ValueInfoProto

from quantize.graphs.blocks import Graph
from quantize.graphs.builder import value
from quantize.graphs.int8_products import MICROSOFT


class Encoder(Graph):
    """input_ids [B, S] int64, lengths [B] int32 -> source mask, semantic bias, cross keys and
    values of every layer.

    Only attention sees sentences side by side, padded to S, a multiple of 16; all else works on
    their T tokens one after another, so that padding costs no products and a sentence's bits do not
    depend on it.
    """

    def write(self, path: Path) -> None:
        b, net = self.b, self.net
        self._places()
        self._masks()
        memory = self._translation_stack()
        outputs = [value("source_mask", TensorProto.INT32, "B", "S")]
        if net.semantic:
            outputs += self._semantic_bias(self._sentence_vector())
        for layer in range(net.num_decoder_layers):
            outputs += self._cross(memory, layer)
        inputs = [
            value("input_ids", TensorProto.INT64, "B", "S"),
            value("lengths", TensorProto.INT32, "B"),
        ]
        b.save(path, inputs, outputs)

    def _places(self) -> None:
        b = self.b
        self.places = self.range(self.size("input_ids", 1))  # [S]
        lengths = b.op("Cast", "lengths", to=TensorProto.INT64)
        known = b.op("Unsqueeze", lengths, b.ints(1))
        self.real = b.op("Less", self.places, known)  # [B, S]
        # Where each token lies among all places [T], and which token each place shows, beyond the
        # end the last [B, S].
        flat = self.range(b.op("Size", "input_ids"))
        self.token_places = b.op("Compress", flat, b.op("Reshape", self.real, b.ints(-1)), axis=0)
        first = b.op(
            "Unsqueeze", b.op("CumSum", lengths, b.constant(0, np.int64), exclusive=1), b.ints(1)
        )
        last = b.op("Sub", known, b.constant(1, np.int64))
        self.place_tokens = b.op("Add", first, b.op("Min", self.places, last))

    def _side_by_side(self, x: str) -> str:
        """[T, …] -> [B, S, …]."""
        return self.b.op("Gather", x, self.place_tokens)

    def _one_after_another(self, x: str, *width: int) -> str:
        """[B, S, …] -> [T, …]."""
        return self.b.op(
            "Gather", self.b.op("Reshape", x, self.b.ints(-1, *width)), self.token_places
        )

    def _masks(self) -> None:
        b, visible = self.b, self.real
        self.ids = self._one_after_another("input_ids")
        if self.net.semantic:
            visible = b.op("And", visible, self._after_a_token())
            self.self_offsets = self.offsets(
                b.op("Unsqueeze", self.places, b.ints(1)), self.places
            )  # [S, S]
            self.shown = b.op("Cast", visible, to=TensorProto.FLOAT)  # [B, S]
            self.keep = b.op("Unsqueeze", self._one_after_another(self.shown), b.ints(1))  # [T, 1]
        self.mask = b.op("Cast", visible, to=TensorProto.INT32, name="source_mask")
        if self.net.semantic or self.net.positions is None:
            self.key_bias = b.op("Unsqueeze", self.hide(visible), b.ints(1, 2))  # [B, 1, 1, S]

    def _after_a_token(self) -> str:
        """CSANMT sees its first position and those after a token.

        The end symbol hides what follows it.
        """
        b = self.b
        before = b.op("Slice", "input_ids", b.ints(0), b.ints(-1), b.ints(1))
        ended = b.op("Equal", before, b.constant(0, np.int64))
        hidden = b.op(
            "Pad",
            b.op("Cast", ended, to=TensorProto.INT64),
            b.ints(0, 1, 0, 0),
            b.constant(0, np.int64),
        )
        return b.op("Equal", hidden, b.constant(0, np.int64))

    def _translation_stack(self) -> str:
        b, net = self.b, self.net
        timing = self.timing(b.op("Mod", self.token_places, self.size("input_ids", 1)))
        x = self.timed(self.embedding("src_emb", self.ids), timing)
        if net.semantic:
            x = self.add(b.op("Mul", x, self.keep), b.constant(net.weights["src_bias"], np.float32))
        for layer in range(net.num_encoder_layers):
            x = self._layer(x, f"encoder.{layer}", relative=net.positions is None)
        return self.final_norm(x, "encoder_norm")

    def _layer(self, x: str, name: str, *, relative: bool) -> str:
        x = self.residual(
            x, f"{name}.attn_norm", lambda h: self._self_attention(h, f"{name}.attn", relative)
        )
        x = self.residual(x, f"{name}.ffn_norm", lambda h: self.feed_forward(h, f"{name}.ffn"))
        self.tick()
        return self.b.op("Mul", x, self.keep) if self.net.semantic else x

    def _self_attention(self, x: str, name: str, relative: bool) -> str:
        """With `relative`, Shaw's positions (docs/csanmt.md), which the fused kernel has no place
        for.
        """
        b = self.b
        packed = self._side_by_side(self.linear(x, f"{name}.q", f"{name}.kv"))
        q, k, v = b.split(packed, 3, axis=-1)
        mixed = (
            self._relative_attention(q, k, v, name) if relative else self._fused_attention(q, k, v)
        )
        return self.linear(self._one_after_another(mixed, self.net.hidden_size), f"{name}.out")

    def _fused_attention(self, q: str, k: str, v: str) -> str:
        """[B, S, H]; of two query rows and more the kernel gives the same bits whatever is hidden
        behind them.
        """
        names, heads = [self.b.unique("attended")], self.net.encoder_heads
        attended = "MultiHeadAttention", q, k, v, "", self.mask
        return self.b.ops(*attended, names=names, domain=MICROSOFT, num_heads=heads)[0]

    def _relative_attention(self, q: str, k: str, v: str, name: str) -> str:
        b, net = self.b, self.net
        size = net.hidden_size // net.encoder_heads
        q = b.op("Mul", self._heads(q, 0, 2, 1, 3), b.scalar(size**-0.5))
        logits = self.add(
            b.op("MatMul", q, self._heads(k, 0, 2, 3, 1)), self._relative_keys(q, f"{name}.rpr_k")
        )
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
        rows = b.op(
            "Gather", b.constant(self.net.weights[table], np.float32), self.self_offsets
        )  # [S, S, d]
        by_query = b.op("Transpose", q, perm=[2, 0, 1, 3])  # [S, B, h, d]
        columns = b.op("Unsqueeze", b.op("Transpose", rows, perm=[0, 2, 1]), b.ints(1))
        return b.op("Transpose", b.op("MatMul", by_query, columns), perm=[1, 2, 0, 3])

    def _relative_values(self, weights: str, table: str) -> str:
        """weights [B, h, S, S] · rpr_v[offsets] -> [B, h, S, d]."""
        b = self.b
        rows = b.op(
            "Gather", b.constant(self.net.weights[table], np.float32), self.self_offsets
        )  # [S, S, d]
        by_query = b.op("Transpose", weights, perm=[2, 0, 1, 3])
        products = b.op("MatMul", by_query, b.op("Unsqueeze", rows, b.ints(1)))
        return b.op("Transpose", products, perm=[1, 2, 0, 3])

    def _sentence_vector(self) -> str:
        """[B, 2, H], both alike: mean over visible positions of the semantic encoder's states,
        projected, normalised.

        Twice, since float32 products of a single row round differently than of several.
        """
        b, net = self.b, self.net
        table = "sem_emb" if "sem_emb.weight" in net.weights else "src_emb"
        z = b.op("Mul", self.embedding(table, self.ids), self.keep)
        for layer in range(net.num_semantic_encoder_layers):
            z = self._layer(z, f"semantic.{layer}", relative=True)
        count = b.op("ReduceSum", self.shown, b.ints(1), keepdims=1)
        total = b.op(
            "MatMul", b.op("Unsqueeze", self.shown, b.ints(1)), self._side_by_side(z)
        )  # [B, 1, H]
        pooled = b.op("Div", total, b.op("Unsqueeze", count, b.ints(2)))
        twice = b.op("Concat", pooled, pooled, axis=1)
        return self.final_norm(self.linear(twice, "semantic_pool"), "semantic_norm")

    def _semantic_bias(self, vector: str) -> list[ValueInfoProto]:
        """What each decoder layer adds to its input at every step: constant for a sentence."""
        b, net = self.b, self.net
        layers = []
        for layer in range(net.num_decoder_layers):
            name = f"decoder.{layer}"
            h = vector if net.post_norm else self.norm(vector, f"{name}.aug_norm")
            layers.append(b.op("Gather", self.feed_forward(h, f"{name}.aug"), b.ints(0), axis=1))
        b.op("Concat", *layers, axis=1, name="semantic_bias")
        return [
            value("semantic_bias", TensorProto.FLOAT, "B", net.num_decoder_layers, net.hidden_size)
        ]

    def _cross(self, memory: str, layer: int) -> list[ValueInfoProto]:
        """cross_key [B, h, d, S], divided by √d, and cross_value [B, h, S, d]: as the step
        multiplies them.
        """
        b, net = self.b, self.net
        h, d = net.decoder_heads, net.head_size
        packed = self._side_by_side(self.linear(memory, f"decoder.{layer}.cross_attn.kv"))
        keys, values = (
            b.op("Reshape", part, b.ints(0, 0, h, d)) for part in b.split(packed, 2, axis=-1)
        )
        b.op(
            "Transpose",
            b.op("Mul", keys, b.scalar(d**-0.5)),
            perm=[0, 2, 3, 1],
            name=f"cross_key_{layer}",
        )
        b.op("Transpose", values, perm=[0, 2, 1, 3], name=f"cross_value_{layer}")
        return [
            value(f"cross_key_{layer}", TensorProto.FLOAT, "B", h, d, "S"),
            value(f"cross_value_{layer}", TensorProto.FLOAT, "B", h, "S", d),
        ]
