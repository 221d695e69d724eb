"""The encoder's graph: what a sentence is to every decoding step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ValueInfoProto

from quantize.graphs.blocks import NetworkGraph
from quantize.graphs.onnx_graph import FLOAT, INT32, INT64, MICROSOFT, value_info


class EncoderGraph(NetworkGraph):
    """From input_ids [B, S] int64 and lengths [B] int32 to what decoding steps read.

    That is the source mask, the semantic bias, and cross keys and values of every layer. Only
    attention sees sentences side by side, padded to S, a multiple of 16. All else works on their T
    tokens one after another, so that padding costs no products and a sentence's bits do not depend
    on it.
    """

    def write(self, path: Path) -> None:
        """Write the graph."""
        net = self.net
        self._index_tokens()
        self._make_masks()
        memory = self._translation_stack()
        outputs = [value_info("source_mask", INT32, "B", "S")]
        if net.semantic:
            outputs.append(self._semantic_bias(self._sentence_vector()))
        for layer in range(net.num_decoder_layers):
            outputs += self._cross_keys_values(memory, layer)
        inputs = [value_info("input_ids", INT64, "B", "S"), value_info("lengths", INT32, "B")]
        self.save(path, inputs, outputs)

    def _index_tokens(self) -> None:
        """Where each token lies among all places [T], and which token each place shows [B, S].

        Beyond a sentence's end, places show its last token.
        """
        g = self.graph
        self.places = self.range(self.size("input_ids", 1))  # [S]
        lengths = g.op("Cast", "lengths", to=INT64)
        ends = g.op("Unsqueeze", lengths, g.ints(1))
        self.real = g.op("Less", self.places, ends)  # [B, S]
        flat = self.range(g.op("Size", "input_ids"))
        self.token_places = g.op("Compress", flat, g.op("Reshape", self.real, g.ints(-1)), axis=0)
        first = g.op("CumSum", lengths, g.constant(0, np.int64), exclusive=1)
        first = g.op("Unsqueeze", first, g.ints(1))
        last = g.op("Sub", ends, g.constant(1, np.int64))
        self.place_tokens = g.op("Add", first, g.op("Min", self.places, last))

    def _side_by_side(self, x: str) -> str:
        """[T, …] -> [B, S, …]."""
        return self.graph.op("Gather", x, self.place_tokens)

    def _one_after_another(self, x: str, *width: int) -> str:
        """[B, S, …] -> [T, …]."""
        flat = self.graph.op("Reshape", x, self.graph.ints(-1, *width))
        return self.graph.op("Gather", flat, self.token_places)

    def _make_masks(self) -> None:
        g, visible = self.graph, self.real
        self.ids = self._one_after_another("input_ids")
        if self.net.semantic:
            visible = g.op("And", visible, self._after_a_token())
            queries = g.op("Unsqueeze", self.places, g.ints(1))
            self.self_offsets = self.offsets(queries, self.places)  # [S, S]
            self.shown = g.op("Cast", visible, to=FLOAT)  # [B, S]
            self.keep = g.op("Unsqueeze", self._one_after_another(self.shown), g.ints(1))  # [T, 1]
        self.mask = g.op("Cast", visible, to=INT32, name="source_mask")
        if self.net.semantic or self.net.positions is None:
            self.key_bias = g.op("Unsqueeze", self.hide(visible), g.ints(1, 2))  # [B, 1, 1, S]

    def _after_a_token(self) -> str:
        """CSANMT sees its first position and those after a token [B, S].

        The end symbol hides what follows it.
        """
        g = self.graph
        before = g.op("Slice", "input_ids", g.ints(0), g.ints(-1), g.ints(1))
        ended = g.op("Equal", before, g.constant(0, np.int64))
        ended = g.op("Cast", ended, to=INT64)
        hidden = g.op("Pad", ended, g.ints(0, 1, 0, 0), g.constant(0, np.int64))
        return g.op("Equal", hidden, g.constant(0, np.int64))

    def _translation_stack(self) -> str:
        g, net = self.graph, self.net
        places = g.op("Mod", self.token_places, self.size("input_ids", 1))
        timing = self.timing(places, net.positions)
        x = self.timed(self.embedding("src_emb", self.ids), timing)
        x = self.embedding_norm(x, "encoder_emb_norm")
        if net.semantic:
            x = self.add(g.op("Mul", x, self.keep), g.constant(net.weights["src_bias"], np.float32))
        for layer in range(net.num_encoder_layers):
            x = self._layer(x, f"encoder.{layer}", relative=net.positions is None)
        return self.final_norm(x, "encoder_norm")

    def _layer(self, x: str, name: str, *, relative: bool) -> str:
        def attention(h: str) -> str:
            return self._self_attention(h, f"{name}.attn", relative)

        x = self.residual(x, f"{name}.attn_norm", attention)
        x = self.residual(x, f"{name}.ffn_norm", lambda h: self.feed_forward(h, f"{name}.ffn"))
        self.tick()
        return self.graph.op("Mul", x, self.keep) if self.net.semantic else x

    def _self_attention(self, x: str, name: str, relative: bool) -> str:
        """[T, H]; `relative` has Shaw's positions (docs/csanmt.md), which no fused kernel has."""
        packed = self._side_by_side(self.linear(x, f"{name}.q", f"{name}.kv"))
        q, k, v = self.graph.split(packed, 3, axis=-1)
        if relative:
            mixed = self._relative_attention(q, k, v, name)
        else:
            mixed = self._fused_attention(q, k, v)
        return self.linear(self._one_after_another(mixed, self.net.hidden_size), f"{name}.out")

    def _fused_attention(self, q: str, k: str, v: str) -> str:
        """[B, S, H].

        From two query rows on, the kernel gives the same bits whatever is hidden behind them.
        """
        g, heads = self.graph, self.net.encoder_heads
        inputs, names = (q, k, v, "", self.mask), [g.unique("attended")]
        return g.ops("MultiHeadAttention", *inputs, names=names, domain=MICROSOFT, num_heads=heads)[
            0
        ]

    def _relative_attention(self, q: str, k: str, v: str, name: str) -> str:
        """[B, S, H], with a table's row for each distance added to keys and values."""
        g, net = self.graph, self.net
        size = net.hidden_size // net.encoder_heads
        q = g.op("Mul", self._heads(q, 0, 2, 1, 3), g.scalar(size**-0.5))
        by_content = g.op("MatMul", q, self._heads(k, 0, 2, 3, 1))
        logits = self.add(by_content, self._relative_keys(q, f"{name}.rpr_k"))
        weights = g.op("Softmax", self.add(logits, self.key_bias), axis=-1)
        mixed = g.op("MatMul", weights, self._heads(v, 0, 2, 1, 3))
        mixed = self.add(mixed, self._relative_values(weights, f"{name}.rpr_v"))
        joined = g.op("Transpose", mixed, perm=[0, 2, 1, 3])
        return g.op("Reshape", joined, g.ints(0, 0, net.hidden_size))

    def _heads(self, x: str, *perm: int) -> str:
        """[B, S, H] -> [B, S, h, d], transposed by `perm`."""
        g, heads = self.graph, self.net.encoder_heads
        shape = g.ints(0, 0, heads, self.net.hidden_size // heads)
        return g.op("Transpose", g.op("Reshape", x, shape), perm=perm)

    def _relative_rows(self, table: str) -> str:
        """The table's row for each query and key: [S, S, d]."""
        weights = self.graph.constant(self.net.weights[table], np.float32)
        return self.graph.op("Gather", weights, self.self_offsets)

    def _relative_keys(self, q: str, table: str) -> str:
        """q [B, h, S, d] · rpr_k[offsets] -> [B, h, S, S], one product for every query position."""
        g = self.graph
        rows = self._relative_rows(table)
        by_query = g.op("Transpose", q, perm=[2, 0, 1, 3])  # [S, B, h, d]
        columns = g.op("Unsqueeze", g.op("Transpose", rows, perm=[0, 2, 1]), g.ints(1))
        return g.op("Transpose", g.op("MatMul", by_query, columns), perm=[1, 2, 0, 3])

    def _relative_values(self, weights: str, table: str) -> str:
        """weights [B, h, S, S] · rpr_v[offsets] -> [B, h, S, d]."""
        g = self.graph
        rows = self._relative_rows(table)
        by_query = g.op("Transpose", weights, perm=[2, 0, 1, 3])
        products = g.op("MatMul", by_query, g.op("Unsqueeze", rows, g.ints(1)))
        return g.op("Transpose", products, perm=[1, 2, 0, 3])

    def _sentence_vector(self) -> str:
        """[B, 2, H], both alike: the semantic encoder's states, averaged over visible positions.

        The mean is projected and normalised. Twice, since float32 products of a single row round
        differently than of several.
        """
        g, net = self.graph, self.net
        table = "sem_emb" if "sem_emb.weight" in net.weights else "src_emb"
        z = g.op("Mul", self.embedding(table, self.ids), self.keep)
        for layer in range(net.num_semantic_encoder_layers):
            z = self._layer(z, f"semantic.{layer}", relative=True)
        count = g.op("ReduceSum", self.shown, g.ints(1), keepdims=1)
        shown = g.op("Unsqueeze", self.shown, g.ints(1))
        total = g.op("MatMul", shown, self._side_by_side(z))  # [B, 1, H]
        pooled = g.op("Div", total, g.op("Unsqueeze", count, g.ints(2)))
        twice = g.op("Concat", pooled, pooled, axis=1)
        return self.final_norm(self.linear(twice, "semantic_pool"), "semantic_norm")

    def _semantic_bias(self, vector: str) -> ValueInfoProto:
        """What each decoder layer adds to its input at every step: constant for a sentence."""
        g, net = self.graph, self.net
        layers = []
        for layer in range(net.num_decoder_layers):
            name = f"decoder.{layer}"
            h = vector if net.post_norm else self.norm(vector, f"{name}.aug_norm")
            layers.append(g.op("Gather", self.feed_forward(h, f"{name}.aug"), g.ints(0), axis=1))
        g.op("Concat", *layers, axis=1, name="semantic_bias")
        return value_info("semantic_bias", FLOAT, "B", net.num_decoder_layers, net.hidden_size)

    def _cross_keys_values(self, memory: str, layer: int) -> list[ValueInfoProto]:
        """cross_key [B, h, d, S], divided by √d, and cross_value [B, h, S, d].

        So the step multiplies them.
        """
        g, net = self.graph, self.net
        h, d = net.decoder_heads, net.head_size
        key, value = f"cross_key_{layer}", f"cross_value_{layer}"
        packed = self._side_by_side(self.linear(memory, f"decoder.{layer}.cross_attn.kv"))
        parts = g.split(packed, 2, axis=-1)
        keys, values = (g.op("Reshape", part, g.ints(0, 0, h, d)) for part in parts)
        g.op("Transpose", g.op("Mul", keys, g.scalar(d**-0.5)), perm=[0, 2, 3, 1], name=key)
        g.op("Transpose", values, perm=[0, 2, 1, 3], name=value)
        return [
            value_info(key, FLOAT, "B", h, d, "S"),
            value_info(value, FLOAT, "B", h, "S", d),
        ]
