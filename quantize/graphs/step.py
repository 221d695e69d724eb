"""The graph of one decoding step."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from onnx import ValueInfoProto

from quantize.graphs.blocks import NetworkGraph
from quantize.graphs.onnx_graph import FLOAT, INT32, INT64, MICROSOFT, value_info
from quantize.graphs.output_layer import OutputLayer

Gives = Literal["tokens", "logits", "alignment"]


class StepGraph(NetworkGraph):
    """One decoding step for every row at its own position.

    What a layer remembers of the target, keys and values or an SSRU's state, is written in place.
    """

    @property
    def parts(self) -> tuple[str, ...]:
        """What a layer remembers."""
        return ("state",) if self.net.decoder == "ssru" else ("key", "value")

    def write(self, path: Path, gives: Gives) -> None:
        """Write the graph.

        It gives the `candidates` best tokens of each row, or all logits, or the rows' attention to
        the source.
        """
        g, net = self.graph, self.net
        inputs, outputs = self._inputs(), []
        self.cross_attentions: list[str] = []  # each layer's weights [N, h, K, S]
        self._make_shapes()
        x = self._embedded_tokens()
        for layer in range(net.num_decoder_layers):
            inputs += self._layer_inputs(layer)
            outputs += [self._memory_info(f"present_{part}_{layer}") for part in self.parts]
            x = self._layer(x, layer)
        final = g.op("Reshape", self.final_norm(x, "decoder_norm"), g.ints(-1, net.hidden_size))
        if gives == "alignment":
            outputs.append(self._alignment())
        elif gives == "logits":
            outputs.append(OutputLayer(net, self.layers, final).logits())
        else:
            inputs.append(value_info("candidates", INT64, 1))
            outputs += OutputLayer(net, self.layers, final).best_tokens()
        self.save(path, inputs, outputs)

    def _inputs(self) -> list[ValueInfoProto]:
        net = self.net
        inputs = [
            value_info("tokens", INT64, "R"),  # ignored at position 0
            value_info("positions", INT32, "R"),  # tokens that the row has taken in already
            value_info("beam", INT64, 1),  # K
            value_info("source_mask", INT32, "N", "S"),  # 0 where a position is not to be seen
        ]
        if net.decoder == "attention":
            # Of the longest row, this step included.
            inputs.append(value_info("cache_length", INT32))
        if net.semantic:
            sizes = net.num_decoder_layers, net.hidden_size
            inputs.append(value_info("semantic_bias", FLOAT, "N", *sizes))
        return inputs

    def _layer_inputs(self, layer: int) -> list[ValueInfoProto]:
        h, d = self.net.decoder_heads, self.net.head_size
        return [
            value_info(f"cross_key_{layer}", FLOAT, "N", h, d, "S"),
            value_info(f"cross_value_{layer}", FLOAT, "N", h, "S", d),
            *(self._memory_info(f"past_{part}_{layer}") for part in self.parts),
        ]

    def _memory_info(self, name: str) -> ValueInfoProto:
        if self.net.decoder == "ssru":
            return value_info(name, FLOAT, "R", self.net.hidden_size)
        return value_info(name, FLOAT, "R", self.net.decoder_heads, "T", self.net.head_size)

    def _make_shapes(self) -> None:
        g, net = self.graph, self.net
        rest, hidden = g.ints(-1), g.ints(net.hidden_size)
        self.by_sentence = g.op("Concat", rest, "beam", hidden, axis=0)  # [N, K, H]
        heads = g.ints(net.decoder_heads, net.head_size)
        self.by_head = g.op("Concat", rest, "beam", heads, axis=0)  # [N, K, h, d]
        # Attention has a place for several tokens a row: [R, 1, H], else [R, H].
        places = (1,) if net.decoder == "attention" else ()
        self.by_row = g.ints(-1, *places, net.hidden_size)
        visible = g.op("Greater", "source_mask", g.constant(0, np.int32))
        self.source_bias = g.op("Unsqueeze", self.hide(visible), g.ints(1, 2))  # [N, 1, 1, S]
        # The fused kernel has no place for relative values and refuses other head sizes.
        self.fused = net.positions is not None and net.head_size % 8 == 0
        if net.decoder == "attention" and not self.fused:
            self._make_composed_masks()

    def _make_composed_masks(self) -> None:
        g, net = self.graph, self.net
        position = g.op("Cast", "positions", to=INT64)
        position = g.op("Unsqueeze", position, g.ints(1))  # [R, 1]
        places = self.range(self.size("past_key_0", 2))  # [T]
        visible = g.op("LessOrEqual", places, position)
        self.cache_bias = g.op("Unsqueeze", self.hide(visible), g.ints(1, 2))  # [R, 1, 1, T]
        self.place = g.op("Unsqueeze", position, g.ints(2, 3))
        self.place = g.op("Expand", self.place, g.ints(1, net.decoder_heads, 1, net.head_size))
        if net.positions is None:
            self.cache_offsets = self.offsets(position, places)  # [R, T]

    def _embedded_tokens(self) -> str:
        """The embedded tokens by row, plus timing.

        At position 0 that is the zero vector, or the start symbol.
        """
        g, net = self.graph, self.net
        later = g.op("Greater", "positions", g.constant(0, np.int32))
        if net.start_id is None:
            shown = g.op("Unsqueeze", g.op("Cast", later, to=FLOAT), g.ints(1))
            x = g.op("Mul", self.embedding("trg_emb", "tokens"), shown)
        else:
            tokens = g.op("Where", later, "tokens", g.constant(net.start_id, np.int64))
            x = self.embedding("trg_emb", tokens)
        table = net.positions if net.target_positions is None else net.target_positions
        x = self.embedding_norm(self.timed(x, self.timing("positions", table)), "decoder_emb_norm")
        return g.op("Unsqueeze", x, g.ints(1)) if net.decoder == "attention" else x

    def _layer(self, x: str, layer: int) -> str:
        g, net = self.graph, self.net
        name = f"decoder.{layer}"
        if net.semantic:
            bias = g.op("Gather", "semantic_bias", g.ints(layer), axis=1)  # [N, 1, H]
            x = g.op("Reshape", self.add(g.op("Reshape", x, self.by_sentence), bias), self.by_row)
            x = self.norm(x, f"{name}.aug_norm") if net.post_norm else x
        remember = self._fused_attention if self.fused else self._composed_attention
        if net.decoder == "ssru":
            remember = self._ssru
        x = self.residual(x, f"{name}.self_norm", lambda h: remember(h, layer))
        x = self.residual(x, f"{name}.cross_norm", lambda h: self._cross_attention(h, layer))
        self.tick()
        return self.residual(x, f"{name}.ffn_norm", lambda h: self.feed_forward(h, f"{name}.ffn"))

    def _ssru(self, x: str, layer: int) -> str:
        """A simple recurrent unit [R, H]: its state moves from the last towards the input's.

        Written so that the last state is read once, before it is overwritten.
        """
        g, name = self.graph, f"decoder.{layer}.ssru"
        packed = self.linear(x, f"{name}.input", f"{name}.forget")  # [R, 2H]
        new, forget = g.split(packed, 2, axis=-1)
        apart = g.op("Sub", f"past_state_{layer}", new)
        kept = g.op("Mul", g.op("Sigmoid", forget), apart)
        return g.op("Relu", g.op("Add", new, kept, name=f"present_state_{layer}"))

    def _fused_attention(self, x: str, layer: int) -> str:
        """Self-attention [R, 1, H], with positions of their own for all rows."""
        net, name = self.net, f"decoder.{layer}.self_attn"
        packed = self.linear(x, f"{name}.q", f"{name}.kv")  # [R, 1, 3H]
        inputs = [packed, "", "", f"past_key_{layer}", f"past_value_{layer}"]
        inputs += ["positions", "cache_length"]
        names = [f"attended_{layer}", f"present_key_{layer}", f"present_value_{layer}"]
        heads = {"num_heads": net.decoder_heads, "kv_num_heads": net.decoder_heads}
        self.graph.ops("GroupQueryAttention", *inputs, names=names, domain=MICROSOFT, **heads)
        return self.linear(names[0], f"{name}.out")

    def _composed_attention(self, x: str, layer: int) -> str:
        """The same from plain operators, with relative positions where the network has them."""
        g, net = self.graph, self.net
        name = f"decoder.{layer}.self_attn"
        shape = g.ints(-1, net.decoder_heads, 1, net.head_size)
        parts = g.split(self.linear(x, f"{name}.q", f"{name}.kv"), 3, axis=-1)
        q, k, v = (g.op("Reshape", part, shape) for part in parts)
        q = g.op("Mul", q, g.scalar(net.head_size**-0.5))
        keys = self._cached("key", k, layer)  # [R, h, T, d]
        values = self._cached("value", v, layer)
        scores = g.op("MatMul", q, g.op("Transpose", keys, perm=[0, 1, 3, 2]))  # [R, h, 1, T]
        if net.positions is None:
            scores = self.add(scores, self._relative_scores(q, scores, f"{name}.rpr_k"))
            table = g.constant(net.weights[f"{name}.rpr_v"], np.float32)
            rows = g.op("Gather", table, self.cache_offsets)
            values = self.add(values, g.op("Unsqueeze", rows, g.ints(1)))
        mixed = g.op("MatMul", g.op("Softmax", self.add(scores, self.cache_bias), axis=-1), values)
        return self.linear(g.op("Reshape", mixed, self.by_row), f"{name}.out")

    def _relative_scores(self, q: str, scores: str, table: str) -> str:
        """q [R, h, 1, d] · rpr_k[offsets] -> [R, h, 1, T], the shape of `scores`."""
        g = self.graph
        rows = g.constant(self.net.weights[table].T, np.float32)
        by_distance = g.op("MatMul", q, rows)  # [R, h, 1, 2D+1]
        offsets = g.op("Unsqueeze", self.cache_offsets, g.ints(1, 2))
        index = g.op("Expand", offsets, g.op("Shape", scores))
        return g.op("GatherElements", by_distance, index, axis=3)

    def _cached(self, part: str, new: str, layer: int) -> str:
        past, present = f"past_{part}_{layer}", f"present_{part}_{layer}"
        return self.graph.op("ScatterElements", past, self.place, new, axis=2, name=present)

    def _cross_attention(self, x: str, layer: int) -> str:
        """The K rows of a sentence are K queries on one set of keys.

        Composed, since the fused kernel transposes the keys at every step: these come as the
        product needs them.
        """
        g, name = self.graph, f"decoder.{layer}.cross_attn"
        q = g.op("Reshape", self.linear(x, f"{name}.q"), self.by_head)
        q = g.op("Transpose", q, perm=[0, 2, 1, 3])  # [N, h, K, d]
        scores = self.add(g.op("MatMul", q, f"cross_key_{layer}"), self.source_bias)
        weights = g.op("Softmax", scores, axis=-1)
        self.cross_attentions.append(weights)
        mixed = g.op("MatMul", weights, f"cross_value_{layer}")
        mixed = g.op("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.linear(g.op("Reshape", mixed, self.by_row), f"{name}.out")

    def _alignment(self) -> ValueInfoProto:
        """Each row's attention to the source in each layer: means over the heads, [R, L, S]."""
        g, count = self.graph, self.net.num_decoder_layers
        layers = []
        for weights in self.cross_attentions:
            mean = g.op("ReduceMean", weights, g.ints(1), keepdims=0)  # [N, K, S]
            layers.append(g.op("Unsqueeze", mean, g.ints(2)))
        sizes = g.op("Shape", "source_mask", start=1)
        shape = g.op("Concat", g.ints(-1, count), sizes, axis=0)
        g.op("Reshape", g.op("Concat", *layers, axis=2), shape, name="alignment")
        return value_info("alignment", FLOAT, "R", count, "S")
