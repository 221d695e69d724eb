"""Sizes and options of a Transformer in a `model.bin`, and what is refused of them by name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import UserError
from quantize.sources.ctranslate2.binary import ModelFile

# The kinds of model that are read, and the heads that each has where it does not say.
SPECS = {"TransformerSpec": 8, "TransformerBase": 8, "TransformerBig": 16}
OLDEST_REVISION, NEWEST_REVISION = 2, 7  # of these
ACTIVATIONS = ("relu", "gelu-tanh", "swish", "gelu", "gelu-sigmoid", "tanh", "sigmoid")
USUAL_EPSILON, USUAL_RMS_EPSILON = 1e-5, 1e-6

Side = Literal["encoder", "decoder"]
SIDES: tuple[Side, ...] = ("encoder", "decoder")

# Parts of a variable's name, and what cannot be run exactly where there is one.
REFUSED = {
    "rotary_": "rotary positions",
    "relative_position_": "relative positions",
    "relative_asymmetric_position_": "relative positions",
    "relative_left_max_position": "relative positions",
    "relative_attention_": "relative positions (T5's)",
    "q_norm": "normalised queries",
    "k_norm": "normalised keys",
    "v_norm": "normalised values",
    "input_layer_norm": "normalisation before and after a sublayer",
    "post_attention_layer_norm": "normalisation before and after a sublayer",
    "feedforward_layer_norm": "normalisation before and after a sublayer",
    "shared_layer_norm": "parallel residual connections",
    "project_in": "projected embeddings",
    "project_out": "projected embeddings",
    "final_logit_softcapping": "capped logits",
    "sliding_window": "sliding windows of attention",
    "weight_zero": "AWQ weights",
    "embeddings_1": "several embeddings a token",
    "embeddings_2": "several embeddings a token",
    "memory_kv": "merged encoder attention",
    "merged_encoder_attention": "merged encoder attention",
    "scale_outputs": "scaled outputs",
    "layer_norm_use_residual": "normalisation with 1 + its weight",
}
# Attributes that say something that is done here, or nothing that matters here.
ATTRIBUTES = frozenset(
    {
        *("num_heads", "pre_norm", "activation", "scale_embeddings", "multiply_by_sqrt_depth"),
        *("start_from_zero_embedding", "embeddings_merge", "alignment_layer", "alignment_heads"),
        *("alibi_use_positive_positions", "scale_alibi", "head_dim", "num_heads_kv"),
        *("queries_scale", "alibi", "multi_query_attention", "with_source_bos"),
        *("with_source_eos", "with_target_bos", "unk_token", "bos_token", "eos_token"),
        "user_decoder_start_tokens",
    }
)


@dataclass(frozen=True)
class Options:
    """What the network is made of."""

    hidden_size: int
    heads: dict[Side, int]
    layers: dict[Side, int]
    scales: dict[Side, float]  # that embeddings are multiplied by
    post_norm: bool
    activation: str
    zero_start: bool  # whether the decoder's first input is the zero vector


def embedding(file: ModelFile, side: Side) -> str:
    """The name of a side's embedding, of which older files have an encoder's without a number."""
    first = f"{side}/embeddings_0"
    return first if f"{first}/weight" in file else f"{side}/embeddings"


def read_options(file: ModelFile) -> Options:
    """Raises UserError that names what cannot be run exactly."""
    if file.spec not in SPECS:
        raise UserError(
            f"{file.where}: a model of kind {file.spec!r}: supported are encoders with decoders "
            "for translation (TransformerSpec)"
        )
    if not OLDEST_REVISION <= file.revision <= NEWEST_REVISION:
        raise UserError(
            f"{file.where}: revision {file.revision} of {file.spec} is not known: supported are "
            f"{OLDEST_REVISION} to {NEWEST_REVISION}"
        )
    _refuse_by_name(file)
    hidden = _hidden_size(file)
    options = Options(
        hidden_size=hidden,
        heads={side: int(_attribute(file, side, "num_heads", SPECS[file.spec])) for side in SIDES},
        layers={side: _layers(file, side) for side in SIDES},
        scales={side: _scale(file, side, hidden) for side in SIDES},
        post_norm=not _common(file, "pre_norm", 1),
        activation=_activation(file),
        zero_start=bool(file.number("decoder/start_from_zero_embedding", 0)),
    )
    for side in SIDES:
        _check_attention(file, side, options)
    return options


def epsilon(file: ModelFile, configured: float | None) -> float:
    """Of all normalisations; raises UserError where it differs between them."""
    if configured is not None:
        return configured
    gammas = [name for name in file if name.endswith("/gamma")]
    shifted = {name.removesuffix("gamma") + "beta" in file for name in gammas}
    if len(shifted) > 1:
        raise UserError(
            f"{file.where}: some normalisations have a beta and others none, which is not supported"
        )
    return USUAL_EPSILON if shifted == {True} else USUAL_RMS_EPSILON


def _refuse_by_name(file: ModelFile) -> None:
    for name in file:
        for part, reason in REFUSED.items():
            if part in name:
                raise UserError(
                    f"{file.where}: {name}: {reason} are not supported: keep to CTranslate2"
                )
    for switch, reason in (
        ("decoder/alibi", "linear biases of attention (ALiBi)"),
        ("encoder/multi_query_attention", "multi-query attention"),
        ("decoder/multi_query_attention", "multi-query attention"),
    ):
        if file.number(switch, 0):
            raise UserError(
                f"{file.where}: {switch}: {reason} are not supported: keep to CTranslate2"
            )


def _hidden_size(file: ModelFile) -> int:
    name = f"{embedding(file, 'decoder')}/weight"
    shape = file.shape(name)
    if len(shape) != 2 or shape[1] < 4 or shape[1] % 2:
        raise UserError(f"{file.where}: {name} has shape {list(shape)}: copy the file anew")
    return shape[1]


def _layers(file: ModelFile, side: Side) -> int:
    prefix = f"{side}/layer_"
    numbers = {name[len(prefix) :].split("/")[0] for name in file if name.startswith(prefix)}
    count = len(numbers - {"norm"})
    if not count or numbers - {"norm"} != {str(number) for number in range(count)}:
        raise UserError(f"{file.where}: layers of the {side} are missing: copy the file anew")
    return count


def _attribute(file: ModelFile, side: Side, name: str, default: float) -> float:
    """A side's own, or what older files have for both."""
    return file.number(f"{side}/{name}", file.number(name, default))


def _common(file: ModelFile, name: str, default: float) -> float:
    values = {_attribute(file, side, name, default) for side in SIDES}
    if len(values) > 1:
        raise UserError(
            f"{file.where}: {name} differs between encoder and decoder, which is not supported"
        )
    return values.pop()


def _activation(file: ModelFile) -> str:
    number = _common(file, "activation", 0)
    if number not in range(len(ACTIVATIONS)):
        raise UserError(f"{file.where}: activation {number:g} is not known: keep to CTranslate2")
    return ACTIVATIONS[int(number)]


def _scale(file: ModelFile, side: Side, hidden: int) -> float:
    """A flag, or the factor itself."""
    for name in (f"{side}/scale_embeddings", f"{embedding(file, side)}/multiply_by_sqrt_depth"):
        if name in file:
            value = file.number(name, 1)
            if file.kind(name) != "<i1":
                return value
            return math.sqrt(hidden) if value else 1.0
    return math.sqrt(hidden)


def _check_attention(file: ModelFile, side: Side, options: Options) -> None:
    heads, hidden = options.heads[side], options.hidden_size
    if heads < 1 or hidden % heads:
        raise UserError(
            f"{file.where}: {heads} heads do not divide {hidden} channels of the {side}"
        )
    size = hidden // heads
    expected = {
        "num_heads_kv": (heads, "grouped-query attention"),
        "head_dim": (size, "heads of another size"),
        "queries_scale": (size**-0.5, "queries of another scale"),
    }
    for name in file:
        value, reason = expected.get(name.rpartition("/")[2], (None, ""))
        if value is None or not name.startswith(f"{side}/"):
            continue
        if not math.isclose(file.number(name, value), value, rel_tol=1e-6):
            raise UserError(
                f"{file.where}: {name}: {reason} are not supported: keep to CTranslate2"
            )
