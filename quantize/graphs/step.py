"""The graph of one decoding step."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from onnx import TensorProto, ValueInfoProto

from quantize.graphs.blocks import Graph
from quantize.graphs.builder import value
from quantize.graphs.choice import Choice
from quantize.graphs.int8_products import MICROSOFT

Gives = Literal["tokens", "logits", "alignment"]


class Step(Graph):
    """One decoding step for every row at its own position, keys and values written into the cache
    in place.
    """

    def write(self, path: Path, gives: Gives) -> None:
        """The graph of a step that gives the best `candidates` tokens a row, or all logits, or
        where its rows look.
        """
        b, net = self.b, self.net
        h, d = net.decoder_heads, net.head_size
        inputs = [
            value("tokens", TensorProto.INT64, "R"),  # ignored at position 0
            value("positions", TensorProto.INT32, "R"),  # tokens already in the row's cache
            value("cache_length", TensorProto.INT32),  # longest row, this step included
            value("beam", TensorProto.INT64, 1),  # K
            value(
                "source_mask", TensorProto.INT32, "N", "S"
            ),  # 0 where a source position is not to be seen
        ]
        if net.semantic:
            inputs.append(
                value(
                    "semantic_bias", TensorProto.FLOAT, "N", net.num_decoder_layers, net.hidden_size
                )
            )
        outputs = []
        self.looks: list[str] = []  # each layer's cross-attention weights
        self._prepare()
        x = self._input()
        for layer in range(net.num_decoder_layers):
            inputs += [
                value(f"cross_key_{layer}", TensorProto.FLOAT, "N", h, d, "S"),
                value(f"cross_value_{layer}", TensorProto.FLOAT, "N", h, "S", d),
            ]
            for part in ("key", "value"):
                inputs.append(value(f"past_{part}_{layer}", TensorProto.FLOAT, "R", h, "T", d))
                outputs.append(value(f"present_{part}_{layer}", TensorProto.FLOAT, "R", h, "T", d))
            x = self._layer(x, layer)
        final = b.op("Reshape", self.final_norm(x, "decoder_norm"), b.ints(-1, net.hidden_size))
        if gives == "alignment":
            outputs.append(self._alignment())
        elif gives == "logits":
            outputs.append(Choice(net, b, final).logits())
        else:
            inputs.append(value("candidates", TensorProto.INT64, 1))
            outputs += Choice(net, b, final).best()
        b.save(path, inputs, outputs)

    def _prepare(self) -> None:
        b, net = self.b, self.net
        minus, hidden = b.ints(-1), b.ints(net.hidden_size)
        self.by_sentence = b.op("Concat", minus, "beam", hidden, axis=0)  # [N, K, H]
        self.by_head = b.op(
            "Concat", minus, "beam", b.ints(net.decoder_heads, net.head_size), axis=0
        )  # [N, K, h, d]
        self.by_row = b.ints(-1, 1, net.hidden_size)  # [R, 1, H]
        seen = b.op("Greater", "source_mask", b.constant(0, np.int32))
        self.source_bias = b.op("Unsqueeze", self.hide(seen), b.ints(1, 2))  # [N, 1, 1, S]
        # The fused kernel has no place for relative values and refuses other head sizes.
        self.fused = net.positions is not None and net.head_size % 8 == 0
        if not self.fused:
            self._prepare_composed()

    def _prepare_composed(self) -> None:
        b, net = self.b, self.net
        position = b.op(
            "Unsqueeze", b.op("Cast", "positions", to=TensorProto.INT64), b.ints(1)
        )  # [R, 1]
        places = self.range(self.size("past_key_0", 2))  # [T]
        seen = b.op("LessOrEqual", places, position)
        self.cache_bias = b.op("Unsqueeze", self.hide(seen), b.ints(1, 2))  # [R, 1, 1, T]
        self.place = b.op("Unsqueeze", position, b.ints(2, 3))
        self.place = b.op("Expand", self.place, b.ints(1, net.decoder_heads, 1, net.head_size))
        if net.positions is None:
            self.cache_offsets = self.offsets(position, places)  # [R, T]

    def _input(self) -> str:
        """The embedded token, at position 0 the zero vector or Marian's start symbol; plus timing.

        [R, 1, H]
        """
        b, net = self.b, self.net
        later = b.op("Greater", "positions", b.constant(0, np.int32))
        if net.semantic:
            shown = b.op("Unsqueeze", b.op("Cast", later, to=TensorProto.FLOAT), b.ints(1))
            x = b.op("Mul", self.embedding("trg_emb", "tokens"), shown)
        else:
            tokens = b.op("Where", later, "tokens", b.constant(net.start_id, np.int64))
            x = self.embedding("trg_emb", tokens)
        return b.op("Unsqueeze", self.timed(x, self.timing("positions")), b.ints(1))

    def _layer(self, x: str, layer: int) -> str:
        b, net = self.b, self.net
        name = f"decoder.{layer}"
        if net.semantic:
            bias = b.op("Gather", "semantic_bias", b.ints(layer), axis=1)  # [N, 1, H]
            x = b.op("Reshape", self.add(b.op("Reshape", x, self.by_sentence), bias), self.by_row)
            x = self.norm(x, f"{name}.aug_norm") if net.post_norm else x
        attention = self._fused_attention if self.fused else self._composed_attention
        x = self.residual(x, f"{name}.self_norm", lambda h: attention(h, layer))
        x = self.residual(x, f"{name}.cross_norm", lambda h: self._cross(h, layer))
        self.tick()
        return self.residual(x, f"{name}.ffn_norm", lambda h: self.feed_forward(h, f"{name}.ffn"))

    def _fused_attention(self, x: str, layer: int) -> str:
        b, net = self.b, self.net
        name = f"decoder.{layer}.self_attn"
        packed = self.linear(x, f"{name}.q", f"{name}.kv")  # [R, 1, 3H]
        past = f"past_key_{layer}", f"past_value_{layer}"
        names = [f"attended_{layer}", f"present_key_{layer}", f"present_value_{layer}"]
        b.ops(
            "GroupQueryAttention",
            *(packed, "", "", *past, "positions", "cache_length"),
            names=names,
            domain=MICROSOFT,
            num_heads=net.decoder_heads,
            kv_num_heads=net.decoder_heads,
        )
        return self.linear(names[0], f"{name}.out")

    def _composed_attention(self, x: str, layer: int) -> str:
        """The same from plain operators, with relative positions where the model has them."""
        b, net = self.b, self.net
        name = f"decoder.{layer}.self_attn"
        shape = b.ints(-1, net.decoder_heads, 1, net.head_size)
        q, k, v = (
            b.op("Reshape", part, shape)
            for part in b.split(self.linear(x, f"{name}.q", f"{name}.kv"), 3, -1)
        )
        q = b.op("Mul", q, b.scalar(net.head_size**-0.5))
        keys, values = (
            self._cached(part, new, layer) for part, new in (("key", k), ("value", v))
        )  # [R, h, T, d]
        scores = b.op("MatMul", q, b.op("Transpose", keys, perm=[0, 1, 3, 2]))  # [R, h, 1, T]
        if net.positions is None:
            by_distance = b.op(
                "MatMul", q, b.constant(net.weights[f"{name}.rpr_k"].T, np.float32)
            )  # [R, h, 1, 2D+1]
            index = b.op(
                "Expand", b.op("Unsqueeze", self.cache_offsets, b.ints(1, 2)), b.op("Shape", scores)
            )
            scores = self.add(scores, b.op("GatherElements", by_distance, index, axis=3))
            rows = b.op(
                "Gather", b.constant(net.weights[f"{name}.rpr_v"], np.float32), self.cache_offsets
            )
            values = self.add(values, b.op("Unsqueeze", rows, b.ints(1)))
        mixed = b.op("MatMul", b.op("Softmax", self.add(scores, self.cache_bias), axis=-1), values)
        return self.linear(b.op("Reshape", mixed, self.by_row), f"{name}.out")

    def _cached(self, part: str, new: str, layer: int) -> str:
        past, present = f"past_{part}_{layer}", f"present_{part}_{layer}"
        return self.b.op("ScatterElements", past, self.place, new, axis=2, name=present)

    def _cross(self, x: str, layer: int) -> str:
        """The K rows of a sentence are K queries on one set of keys.

        Composed, since the fused kernel transposes the keys at every step: these come as the
        product wants them.
        """
        b, name = self.b, f"decoder.{layer}.cross_attn"
        q = b.op("Reshape", self.linear(x, f"{name}.q"), self.by_head)
        q = b.op("Transpose", q, perm=[0, 2, 1, 3])  # [N, h, K, d]
        scores = self.add(b.op("MatMul", q, f"cross_key_{layer}"), self.source_bias)
        self.looks.append(b.op("Softmax", scores, axis=-1))  # [N, h, K, S]
        mixed = b.op("MatMul", self.looks[-1], f"cross_value_{layer}")
        mixed = b.op("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.linear(b.op("Reshape", mixed, self.by_row), f"{name}.out")

    def _alignment(self) -> ValueInfoProto:
        """How much each row looks at each source position, in each layer: means over the heads, [R,
        L, S].
        """
        b, net = self.b, self.net
        means = (
            b.op("ReduceMean", weights, b.ints(1), keepdims=0) for weights in self.looks
        )  # [N, K, S]
        layers = [b.op("Unsqueeze", mean, b.ints(2)) for mean in means]
        shape = b.op(
            "Concat",
            b.ints(-1, net.num_decoder_layers),
            b.op("Shape", "source_mask", start=1),
            axis=0,
        )
        b.op("Reshape", b.op("Concat", *layers, axis=2), shape, name="alignment")
        return value("alignment", TensorProto.FLOAT, "R", net.num_decoder_layers, "S")
