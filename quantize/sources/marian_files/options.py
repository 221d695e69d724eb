"""The options that a Marian model was trained with, and which of them we can compute."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import Field, PositiveInt, ValidationError

from pipeline.bundle import DecoderKind
from pipeline.errors import UserError
from quantize.sources.base import Section
from quantize.sources.marian_files.tensors import OPTIONS, MarianFile, damaged

# Steps before a block, behind it, and behind the last layer; dropout (d) is none here.
POST_NORM, PRE_NORM = ("", "an", ""), ("n", "a", "n")
# Options that change the network, and the values that we can compute.
KNOWN: dict[str, tuple[Any, ...]] = {
    "type": ("transformer",),
    "input-types": ([], ["sequence", "sequence"]),
    "lemma-dim-emb": (0,),
    "lemma-dependency": ("",),
    "right-left": (False,),
    "transformer-decoder-autoreg": ("self-attention", "rnn"),
    "transformer-decoder-ffn-depth": (0, 2),
    "transformer-ffn-depth": (2,),
    "transformer-ffn-activation": ("relu", "swish"),  # gelu is another in each version of Marian
    "transformer-no-affine": (False,),
    "transformer-no-bias": (False,),
    "transformer-no-projection": (False,),
    "transformer-pool": (False,),
    "transformer-postprocess-emb": ("", "d", "n", "nd", "dn"),
    "transformer-rnn-projection": (False,),
    "transformer-train-position-embeddings": (False,),
    "transformer-train-positions": (False,),
    "ulr": (False,),
}
SSRU_ONLY: dict[str, tuple[Any, ...]] = {"dec-cell": ("ssru",), "layer-normalization": (False,)}


class Options(Section):
    """What the network depends on; what is absent has the value that Marian gives it."""

    embedding: PositiveInt = Field(alias="dim-emb")
    vocabularies: tuple[int, int] = Field(alias="dim-vocabs")
    encoder_layers: PositiveInt = Field(alias="enc-depth")
    decoder_layers: PositiveInt = Field(alias="dec-depth")
    heads: PositiveInt = Field(8, alias="transformer-heads")
    inner: PositiveInt = Field(2048, alias="transformer-dim-ffn")
    decoder_inner: int = Field(0, alias="transformer-decoder-dim-ffn")  # 0: the encoder's
    activation: str = Field("swish", alias="transformer-ffn-activation")
    preprocess: str = Field("", alias="transformer-preprocess")
    postprocess: str = Field("dan", alias="transformer-postprocess")
    embedding_steps: str = Field("d", alias="transformer-postprocess-emb")
    top_steps: str = Field("", alias="transformer-postprocess-top")
    autoregression: str = Field("self-attention", alias="transformer-decoder-autoreg")
    tied_layers: tuple[PositiveInt, ...] = Field((), alias="transformer-tied-layers")
    tied_output: bool = Field(False, alias="tied-embeddings")  # with the target's embedding
    tied_inputs: bool = Field(False, alias="tied-embeddings-src")
    tied_all: bool = Field(False, alias="tied-embeddings-all")
    no_output_bias: bool = Field(False, alias="output-omit-bias")

    @property
    def decoder(self) -> DecoderKind:
        """What the decoder has for the tokens before."""
        return "ssru" if self.autoregression == "rnn" else "attention"

    @property
    def post_norm(self) -> bool:
        """Whether blocks are normalised behind the sum, not before them."""
        return "n" not in self.preprocess

    @property
    def embedding_norm(self) -> bool:
        """Whether embeddings are normalised."""
        return "n" in self.embedding_steps

    @property
    def shared_embedding(self) -> bool:
        """Whether both languages have one embedding."""
        return self.tied_all or self.tied_inputs


def read_options(file: MarianFile) -> Options:
    """What a model says of its network.

    Raises UserError for what is damaged, and for the first option that we do not compute.
    """
    try:
        values = yaml.safe_load(file.options)
    except yaml.YAMLError:
        raise damaged(file.path, f"{OPTIONS} is no YAML") from None
    if not isinstance(values, dict):
        raise damaged(file.path, f"{OPTIONS} is empty")
    _check_known(file, values, KNOWN)
    try:
        options = Options.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{file.path}: {where}: {first['msg']}: is it a Marian transformer?"
        ) from None
    if options.decoder == "ssru":
        _check_known(file, values, SSRU_ONLY)
    if trouble := _trouble(options):
        raise UserError(f"{file.path}: {trouble}")
    return options


def _check_known(file: MarianFile, values: dict[str, Any], known: dict[str, Any]) -> None:
    for name, computed in known.items():
        if name in values and values[name] not in computed:
            ours = ", ".join(str(value) or "none" for value in computed)
            found = values[name]
            raise UserError(
                f"{file.path}: {name}: {found} is not supported: use a model with {ours}"
            )


def _trouble(options: Options) -> str | None:
    steps = tuple(
        steps.replace("d", "")
        for steps in (options.preprocess, options.postprocess, options.top_steps)
    )
    if steps not in (POST_NORM, PRE_NORM):
        before, behind, top = (step or "none" for step in steps)
        return (
            f"transformer-preprocess {before}, -postprocess {behind} and -postprocess-top {top} "
            "are not supported together: use a model with dan behind its blocks, or n, da and n"
        )
    if steps == PRE_NORM and options.decoder != "ssru":
        return (
            "self-attention with transformer-preprocess n is not supported, for Marian caches it "
            "unlike it was trained: use a model with dan behind its blocks"
        )
    if options.embedding % options.heads:
        return f"transformer-heads {options.heads} does not divide dim-emb {options.embedding}"
    if options.embedding % 2 or options.embedding < 4:
        return f"dim-emb {options.embedding} is not supported: positions need an even number from 4"
    if options.tied_layers and len(options.tied_layers) != options.decoder_layers:
        return (
            f"transformer-tied-layers has {len(options.tied_layers)} entries, the decoder "
            f"{options.decoder_layers} layers: copy the file anew"
        )
    return None
