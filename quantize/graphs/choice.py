"""From the decoder's states to the best tokens, inside the graph."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto, ValueInfoProto

from quantize.graphs.builder import GraphBuilder, value
from quantize.network import Network

BLOCK = 64  # logits a block in the two-stage choice of the best tokens
NEVER = -1e30  # logit of a column that is not to win


class Choice:
    """Logits of states x [R, H], and what is made of them."""

    def __init__(self, network: Network, builder: GraphBuilder, x: str) -> None:
        self.net, self.b, self.x = network, builder, x
        self.size = network.target_vocab_size
        self.padding = -self.size % BLOCK

    def logits(self) -> ValueInfoProto:
        """All logits [R, V]."""
        b = self.b
        b.op("Slice", self._scores(), b.ints(0), b.ints(self.size), b.ints(1), name="logits")
        return value("logits", TensorProto.FLOAT, "R", self.size)

    def best(self) -> list[ValueInfoProto]:
        """The best tokens in descending order, equal ones by ascending id, with their
        log-probabilities.
        """
        b, net = self.b, self.net
        barred = (
            () if net.renormalise else net.banned
        )  # these take part in the probabilities, not in the choice
        scores = self._scores(net.banned if net.renormalise else ())
        wanted = b.op("Add", "candidates", b.ints(len(barred))) if barred else "candidates"
        ids = self._top(scores, wanted, name=None if barred else "top_ids")
        if barred:
            self._without(barred, ids, b.op("GatherElements", scores, ids, axis=1))
        chosen = b.op("GatherElements", scores, "top_ids", axis=1)
        b.op(
            "Sub",
            chosen,
            self._log_sum(scores, b.op("Slice", ids, b.ints(0), b.ints(1), b.ints(1))),
            name="top_logprobs",
        )
        return [
            value("top_ids", TensorProto.INT64, "R", "C"),
            value("top_logprobs", TensorProto.FLOAT, "R", "C"),
        ]

    def _log_sum(self, scores: str, best: str) -> str:
        """log Σ exp(score) [R, 1], from the probability of the best token: never too small for its
        logarithm.

        The runtime's Softmax takes less time than its LogSoftmax over so many, or than anything
        that sums alone.
        """
        b = self.b
        most = b.op("GatherElements", b.op("Softmax", scores, axis=-1), best, axis=1)
        return b.op("Sub", b.op("GatherElements", scores, best, axis=1), b.op("Log", most))

    def _scores(self, banned: tuple[int, ...] = ()) -> str:
        """Logits [R, V + padding].

        Columns that pad V to whole blocks, or are banned, cannot win.
        """
        weights = self.net.weights
        table = weights["softmax.weight" if "softmax.weight" in weights else "trg_emb.weight"]
        bias = np.zeros(self.size + self.padding, np.float32)
        if "logits_bias" in weights:
            bias[: self.size] = weights["logits_bias"]
        bias[self.size :] = NEVER
        bias[list(banned)] = NEVER
        padded = np.pad(table.T, ((0, 0), (0, self.padding)))
        return self.b.linear(self.x, padded, bias if bias.any() else None, "logits")

    def _top(self, scores: str, wanted: str, name: str | None) -> str:
        """Ids [R, wanted] of the best scores.

        The maxima of blocks choose the blocks that can hold a winner, then those blocks' scores are
        compared: exact, and cheaper than one pass over V with any of the runtime's kernels.
        """
        b = self.b
        blocks = math.ceil(self.size / BLOCK)
        by_block = b.op("Reshape", scores, b.ints(-1, blocks, BLOCK))
        bounded = b.op("Min", wanted, b.ints(blocks))
        maxima = b.op("ReduceMax", by_block, b.ints(2), keepdims=0)
        best = self._top_indices(maxima, bounded)
        chosen = b.ops("TopK", best, bounded, names=["blocks", "block_order"], axis=-1, largest=0)[
            0
        ]
        pool = b.op("GatherND", by_block, b.op("Unsqueeze", chosen, b.ints(-1)), batch_dims=1)
        place = self._top_indices(b.op("Reshape", pool, b.ints(0, -1)), wanted)
        size = b.constant(BLOCK, np.int64)
        block = b.op("GatherElements", chosen, b.op("Div", place, size), axis=1)
        return b.op("Add", b.op("Mul", block, size), b.op("Mod", place, size), name=name)

    def _without(self, barred: tuple[int, ...], ids: str, scores: str) -> None:
        """top_ids: the first candidates of ids [R, C + len(barred)] that are not barred."""
        b = self.b
        is_barred = b.op("Equal", b.op("Unsqueeze", ids, b.ints(2)), b.ints(*barred))
        count = b.op(
            "ReduceSum", b.op("Cast", is_barred, to=TensorProto.FLOAT), b.ints(2), keepdims=0
        )
        demoted = b.op("Add", scores, b.op("Mul", count, b.scalar(NEVER)))
        b.op(
            "GatherElements", ids, self._top_indices(demoted, "candidates"), axis=1, name="top_ids"
        )

    def _top_indices(self, x: str, count: str) -> str:
        """Indices of the largest of each row, in descending order of what they point at."""
        b = self.b
        return b.ops("TopK", x, count, names=[b.unique("largest"), b.unique("places")], axis=-1)[1]
