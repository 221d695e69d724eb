"""The decoder's output layer: from states to logits, or to the best tokens."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto, ValueInfoProto

from quantize.graphs.linear import LinearLayers
from quantize.graphs.onnx_graph import FLOAT, INT64, value_info
from quantize.network import Network

BLOCK = 64  # logits a block in the two-stage choice of the best tokens
NEVER = -1e30  # logit of a column that is not to win
VECTOR = 16  # floats that any kind of CPU takes at once, at most
LARGEST_SHARE = 1 - 1e-6  # of the probabilities, that a first token can lose to those barred


class OutputLayer:
    """Logits of states x [R, H], or the best tokens by them, as outputs of the graph."""

    def __init__(self, network: Network, layers: LinearLayers, x: str) -> None:
        self.net, self.layers, self.graph, self.x = network, layers, layers.graph, x
        self.size = network.target_vocab_size
        self.padding = -self.size % BLOCK

    def logits(self) -> ValueInfoProto:
        """All logits [R, V]."""
        g = self.graph
        g.op("Slice", self._scores(), g.ints(0), g.ints(self.size), g.ints(1), name="logits")
        return value_info("logits", FLOAT, "R", self.size)

    def best_tokens(self) -> list[ValueInfoProto]:
        """The `candidates` best tokens of each row, with their log-probabilities.

        They descend; equal ones ascend by id.
        """
        g, net = self.graph, self.net
        # Barred tokens take part in the probabilities, not in the choice.
        barred = () if net.renormalise else net.banned
        first_barred = tuple(set(net.banned_first) - set(net.banned))
        scores = self._scores(net.banned if net.renormalise else ())
        more = len(barred) + len(first_barred)
        count = g.op("Add", "candidates", g.ints(more)) if more else "candidates"
        ids = self._best(scores, count, name=None if more else "top_ids")
        if more:
            self._without(barred, first_barred, ids, g.op("GatherElements", scores, ids, axis=1))
        chosen = g.op("GatherElements", scores, "top_ids", axis=1)
        best = g.op("Slice", ids, g.ints(0), g.ints(1), g.ints(1))
        g.op("Sub", chosen, self._log_sum(scores, best, first_barred), name="top_logprobs")
        return [
            value_info("top_ids", INT64, "R", "C"),
            value_info("top_logprobs", FLOAT, "R", "C"),
        ]

    def _log_sum(self, scores: str, best: str, first_barred: tuple[int, ...]) -> str:
        """log Σ exp(score) [R, 1], from the probability of the best token.

        That is never too small for its logarithm. The runtime's Softmax takes less time than its
        LogSoftmax over so many, or than anything that sums alone. For a row's first token, the sum
        is without those barred there.
        """
        g = self.graph
        probabilities = g.op("Softmax", scores, axis=-1)
        most = g.op("GatherElements", probabilities, best, axis=1)
        if first_barred:
            barred = g.op("Gather", probabilities, g.ints(*first_barred), axis=1)
            share = g.op("ReduceSum", barred, g.ints(1), keepdims=1)
            share = g.op("Min", g.op("Mul", share, self._first()), g.scalar(LARGEST_SHARE))
            most = g.op("Div", most, g.op("Sub", g.scalar(1.0), share))
        return g.op("Sub", g.op("GatherElements", scores, best, axis=1), self._log(most))

    def _log(self, x: str) -> str:
        """log x [R, 1] with bits that do not depend on R: the runtime takes whole vectors otherwise
        than the elements behind the last, so each row is as many as any vector.
        """
        g = self.graph
        logs = g.op("Log", g.op("Gather", x, g.ints(*[0] * VECTOR), axis=1))
        return g.op("Slice", logs, g.ints(0), g.ints(1), g.ints(1))

    def _scores(self, banned: tuple[int, ...] = ()) -> str:
        """Logits [R, V + padding]; columns of the padding, or banned ones, cannot win.

        The padding brings V to whole blocks.
        """
        weights = self.net.weights
        name = "softmax.weight" if "softmax.weight" in weights else "trg_emb.weight"
        bias = np.zeros(self.size + self.padding, np.float32)
        if "logits_bias" in weights:
            bias[: self.size] = weights["logits_bias"]
        bias[self.size :] = NEVER
        bias[list(banned)] = NEVER
        padded = np.pad(weights[name].T, ((0, 0), (0, self.padding)))
        scales = self.net.stored_scales.get(name)
        if scales is not None:
            scales = np.pad(scales, (0, self.padding))
        return self.layers.linear(self.x, padded, bias if bias.any() else None, "logits", scales)

    def _best(self, scores: str, count: str, name: str | None) -> str:
        """Ids [R, count] of the best scores.

        The maxima of blocks choose the blocks that can hold a winner, then those blocks' scores are
        compared: exact, and cheaper than one pass over V with any of the runtime's kernels.
        """
        g = self.graph
        blocks = math.ceil(self.size / BLOCK)
        by_block = g.op("Reshape", scores, g.ints(-1, blocks, BLOCK))
        bounded = g.op("Min", count, g.ints(blocks))
        maxima = g.op("ReduceMax", by_block, g.ints(2), keepdims=0)
        best = self._largest_indices(maxima, bounded)
        names = ["blocks", "block_order"]
        chosen, _ = g.ops("TopK", best, bounded, names=names, axis=-1, largest=0)
        pool = g.op("GatherND", by_block, g.op("Unsqueeze", chosen, g.ints(-1)), batch_dims=1)
        place = self._largest_indices(g.op("Reshape", pool, g.ints(0, -1)), count)
        size = g.constant(BLOCK, np.int64)
        block = g.op("GatherElements", chosen, g.op("Div", place, size), axis=1)
        return g.op("Add", g.op("Mul", block, size), g.op("Mod", place, size), name=name)

    def _first(self) -> str:
        """[R, 1]: 1 for rows that choose their first token, else 0."""
        g = self.graph
        first = g.op("Equal", "positions", g.constant(0, np.int32))
        return g.op("Unsqueeze", g.op("Cast", first, to=TensorProto.FLOAT), g.ints(1))

    def _without(
        self, barred: tuple[int, ...], first: tuple[int, ...], ids: str, scores: str
    ) -> None:
        """top_ids: the first candidates of ids [R, C + number barred] that are not barred."""
        g = self.graph
        demoted = scores
        if barred:
            demoted = g.op("Add", demoted, self._demotion(barred, ids))
        if first:
            demotion = g.op("Mul", self._demotion(first, ids), self._first())
            demoted = g.op("Add", demoted, demotion)
        order = self._largest_indices(demoted, "candidates")
        g.op("GatherElements", ids, order, axis=1, name="top_ids")

    def _demotion(self, barred: tuple[int, ...], ids: str) -> str:
        """NEVER where an id is one of the barred, else 0."""
        g = self.graph
        is_barred = g.op("Equal", g.op("Unsqueeze", ids, g.ints(2)), g.ints(*barred))
        is_barred = g.op("Cast", is_barred, to=TensorProto.FLOAT)
        count = g.op("ReduceSum", is_barred, g.ints(2), keepdims=0)
        return g.op("Mul", count, g.scalar(NEVER))

    def _largest_indices(self, x: str, count: str) -> str:
        """Indices of the largest of each row, in descending order of what they point at."""
        g = self.graph
        return g.ops("TopK", x, count, names=[g.unique("largest"), g.unique("places")], axis=-1)[1]
