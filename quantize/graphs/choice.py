"""From the decoder's states to the best tokens, inside the graph."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto, ValueInfoProto

from quantize.builder import GraphBuilder, value
from quantize.network import Network

BLOCK = 64  # logits a block in the two-stage choice of the best tokens
NEVER = -1e30  # logit of a column that is not to win


class Choice:
    """Logits of states x [R, H], and what is made of them."""

    def __init__(self, network: Network, builder: GraphBuilder, x: str) -> None:
        self.net, self.b = network, builder
        self.size = network.target_vocab_size
        table = "softmax.weight" if "softmax.weight" in network.weights else "trg_emb.weight"
        weight = network.weights[table].T
        self.padding = -self.size % BLOCK
        self.products = builder.linear(x, np.pad(weight, ((0, 0), (0, self.padding))), None, "logits")

    def logits(self) -> ValueInfoProto:
        """All logits [R, V]."""
        b = self.b
        b.op("Slice", self._biased(), b.ints(0), b.ints(self.size), b.ints(1), name="logits")
        return value("logits", TensorProto.FLOAT, "R", self.size)

    def best(self) -> list[ValueInfoProto]:
        """The best tokens in descending order, equal ones by ascending id, with their log-probabilities.

        The maxima of blocks choose the blocks that can hold a winner, then those blocks' logits are
        compared: exact, and cheaper than one pass over V with any of the runtime's kernels.
        """
        b, net = self.b, self.net
        logits = self._biased(net.banned)
        blocks = math.ceil(self.size / BLOCK)
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
        logprobs = b.op("LogSoftmax", logits if net.renormalise else self._biased(), axis=-1)
        b.op("GatherElements", logprobs, "top_ids", axis=1, name="top_logprobs")
        return [
            value("top_ids", TensorProto.INT64, "R", "C"),
            value("top_logprobs", TensorProto.FLOAT, "R", "C"),
        ]

    def _biased(self, banned: tuple[int, ...] = ()) -> str:
        """The products with the model's bias, if any; columns that pad V to whole blocks, or are banned, cannot win."""
        bias = np.zeros(self.size + self.padding, np.float32)
        if "logits_bias" in self.net.weights:
            bias[: self.size] = self.net.weights["logits_bias"]
        bias[self.size :] = NEVER
        bias[list(banned)] = NEVER
        return self.b.op("Add", self.products, self.b.constant(bias)) if bias.any() else self.products
