"""CSANMT's TensorFlow variables, and the weights of `quantize.csanmt.modeling` that they hold.

TensorFlow stores what a linear layer multiplies by as [in, out], torch as [out, in]; queries, keys
and values come packed side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quantize.network import Array, LazyWeights
from quantize.sources.tensorflow.checkpoint import TfCheckpoint

ROOT = "NmtModel"
# Of training; not every checkpoint has it.
TARGET_SEMANTICS = f"{ROOT}/Target_Semantic_Embedding/Weights"
STACKS = {"encoder": "encoder", "semantic": "mini_xlm_encoder", "decoder": "decoder"}
Named = Iterator[tuple[str, "Variable"]]  # a weight's name, and where it is


@dataclass(frozen=True)
class Variable:
    """A variable's name and shape, and the part of it that one weight is, as torch has it."""

    name: str
    shape: tuple[int, ...]
    part: tuple[int, int] | None = None  # columns from, to; None: all
    transposed: bool = False


def read_weights(checkpoint: TfCheckpoint, config: Mapping[str, Any]) -> LazyWeights:
    """All weights, read at each access.

    `config` has the values of `CsanmtConfig`. Raises UserError for a variable that is missing or of
    another shape.
    """
    variables = dict(Layout(config).variables())
    checkpoint.require(
        {f"{ROOT}/{variable.name}": variable.shape for variable in variables.values()}
    )

    def reader(variable: Variable) -> Any:
        def read() -> Array:
            array = checkpoint.read(f"{ROOT}/{variable.name}")
            if variable.part:
                array = array[..., slice(*variable.part)]
            return array.T if variable.transposed else array

        return read

    return LazyWeights({name: reader(variable) for name, variable in variables.items()})


class Layout:
    """Which variable each weight is, for one configuration."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.hidden, self.filter = config["hidden_size"], config["filter_size"]

    def variables(self) -> Named:
        """All of them."""
        c = self.config
        relative = c["relative_positions"]
        yield from self._embeddings()
        yield "src_bias", Variable("encoder_input_bias", (self.hidden,))
        for i in range(c["num_encoder_layers"]):
            yield from self._encoder_layer(f"encoder.{i}", f"encoder/layer_{i}", relative)
        for i in range(c["num_semantic_encoder_layers"]):
            yield from self._encoder_layer(
                f"semantic.{i}", f"mini_xlm_encoder/layer_{i}", relative=True
            )
        yield from self._linear(
            "semantic_pool", "mini_xlm_encoder/pooling_layer/linear", self.hidden, self.hidden
        )
        for i in range(c["num_decoder_layers"]):
            yield from self._decoder_layer(f"decoder.{i}", f"decoder/layer_{i}", relative)
        if not c["post_norm"]:
            for name, scope in STACKS.items():
                yield from self._norm(f"{name}_norm", f"{scope}/layer_norm")

    def _embeddings(self) -> Named:
        c = self.config
        source, target = (c["src_vocab_size"], self.hidden), (c["trg_vocab_size"], self.hidden)
        shared = c["share_embedding"]
        for name, side, shape in (("src", "Source", source), ("trg", "Target", target)):
            scope = "Shared" if shared else side
            yield f"{name}_emb.weight", Variable(f"{scope}_Embedding/Weights", shape)
        scope = "Shared_Semantic_Embedding" if shared else "Source_Semantic_Embedding"
        yield "sem_emb.weight", Variable(f"{scope}/Weights", source)
        if shared:
            yield "trg_sem_emb.weight", Variable(f"{scope}/Weights", target)
        elif c["target_semantic_embedding"]:
            yield "trg_sem_emb.weight", Variable(TARGET_SEMANTICS.removeprefix(f"{ROOT}/"), target)
        if not c["share_softmax"]:
            yield "softmax.weight", Variable("Softmax", target)

    def _encoder_layer(self, name: str, scope: str, relative: bool) -> Named:
        yield from self._self_attention(f"{name}.attn", f"{scope}/encoder_self_attention", relative)
        yield from self._feed_forward(f"{name}.ffn", f"{scope}/ffn_layer", self.filter)
        yield from self._norms(scope, f"{name}.attn_norm", f"{name}.ffn_norm")

    def _decoder_layer(self, name: str, scope: str, relative: bool) -> Named:
        yield from self._feed_forward(
            f"{name}.aug", f"{scope}/embedding_augmentation_layer", self.hidden
        )
        yield from self._self_attention(
            f"{name}.self_attn", f"{scope}/decoder_self_attention", relative
        )
        yield from self._cross_attention(f"{name}.cross_attn", f"{scope}/encdec_attention")
        yield from self._feed_forward(f"{name}.ffn", f"{scope}/ffn_layer", self.filter)
        yield from self._norms(
            scope, f"{name}.aug_norm", f"{name}.self_norm", f"{name}.cross_norm", f"{name}.ffn_norm"
        )

    def _self_attention(self, name: str, scope: str, relative: bool) -> Named:
        h = self.hidden
        for part, columns in (("q", (0, h)), ("kv", (h, 3 * h))):
            yield from self._linear(f"{name}.{part}", f"{scope}/qkv_transform", h, 3 * h, columns)
        yield from self._linear(f"{name}.out", f"{scope}/output_transform", h, h)
        if relative:
            table = 2 * self.config["max_relative_dis"] + 1, h // self.config["num_heads"]
            yield f"{name}.rpr_k", Variable(f"{scope}/rpr_k", table)
            yield f"{name}.rpr_v", Variable(f"{scope}/rpr_v", table)

    def _cross_attention(self, name: str, scope: str) -> Named:
        h = self.hidden
        yield from self._linear(f"{name}.q", f"{scope}/q_transform", h, h)
        yield from self._linear(f"{name}.kv", f"{scope}/kv_transform", h, 2 * h)
        yield from self._linear(f"{name}.out", f"{scope}/output_transform", h, h)

    def _feed_forward(self, name: str, scope: str, inner: int) -> Named:
        yield from self._linear(f"{name}.inner", f"{scope}/input_layer/linear", self.hidden, inner)
        yield from self._linear(f"{name}.outer", f"{scope}/output_layer/linear", inner, self.hidden)

    def _linear(
        self, name: str, scope: str, inputs: int, outputs: int, part: tuple[int, int] | None = None
    ) -> Named:
        matrix = Variable(f"{scope}/matrix", (inputs, outputs), part, transposed=True)
        yield f"{name}.weight", matrix
        yield f"{name}.bias", Variable(f"{scope}/bias", (outputs,), part)

    def _norms(self, scope: str, *names: str) -> Named:
        """Normalisations are numbered in the order in which a layer calls them."""
        for number, name in enumerate(names):
            yield from self._norm(name, f"{scope}/layer_norm" + (f"_{number}" if number else ""))

    def _norm(self, name: str, scope: str) -> Named:
        yield f"{name}.weight", Variable(f"{scope}/layer_norm_scale", (self.hidden,))
        yield f"{name}.bias", Variable(f"{scope}/layer_norm_offset", (self.hidden,))
