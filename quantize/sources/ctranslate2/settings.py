"""What surrounds a model's sentences: special tokens and options of `config.json`.

Binary versions before 6 have them, where they differ from the usual, as variables in `model.bin`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from pipeline.errors import UserError
from quantize.sources.base import Section
from quantize.sources.ctranslate2.binary import ModelFile
from quantize.sources.ctranslate2.place import Place

CONFIG = "config.json"
CONFIGURED = 6  # binary version from which on config.json says it


@dataclass(frozen=True)
class Settings:
    """Tokens by their text, and options."""

    unknown: str
    begin: str
    end: str
    start: str  # the decoder's first input
    begins_source: bool  # whether the source begins with `begin`
    ends_source: bool  # whether it ends with `end`
    epsilon: float | None  # of layer normalisation; None: the usual


class Config(Section):
    """`config.json`."""

    unk_token: str = "<unk>"
    bos_token: str = "<s>"
    eos_token: str = "</s>"
    decoder_start_token: str | None = "<s>"
    add_source_bos: bool = False
    add_source_eos: bool = False
    layer_norm_epsilon: float | None = None
    multi_query_attention: bool = False
    quantization_type: int | None = None


def read_settings(file: ModelFile, place: Place) -> Settings:
    """Raises UserError for a `config.json` that is damaged or says what cannot be done here."""
    config = _config(place) if place.has(CONFIG) else Config()
    where = place.where(CONFIG)
    if config.multi_query_attention:
        raise UserError(f"{where}: multi-query attention is not supported: keep to CTranslate2")
    if config.quantization_type:
        raise UserError(f"{where}: AWQ weights are not supported: convert the model without")
    if file.version < CONFIGURED:
        return _older(file, config.layer_norm_epsilon)
    if config.decoder_start_token is None:
        raise UserError(
            f"{where}: decoder_start_token is null, so each sentence needs a token of its language "
            "first, which is not supported: keep to CTranslate2"
        )
    return Settings(
        unknown=config.unk_token,
        begin=config.bos_token,
        end=config.eos_token,
        start=config.decoder_start_token,
        begins_source=config.add_source_bos,
        ends_source=config.add_source_eos,
        epsilon=config.layer_norm_epsilon,
    )


def _config(place: Place) -> Config:
    try:
        return Config.model_validate_json(place.read(CONFIG))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"{place.where(CONFIG)}: {where}: {first['msg']}: is it a CTranslate2 model's?"
        ) from None


def _older(file: ModelFile, epsilon: float | None) -> Settings:
    begin, end = file.text("bos_token", "<s>"), file.text("eos_token", "</s>")
    if file.number("user_decoder_start_tokens", 0):
        raise UserError(
            f"{file.where}: each sentence needs a token of its language first, which is not "
            "supported: keep to CTranslate2"
        )
    return Settings(
        unknown=file.text("unk_token", "<unk>"),
        begin=begin,
        end=end,
        start=begin if file.number("with_target_bos", 1) else end,
        begins_source=bool(file.number("with_source_bos", 0)),
        ends_source=bool(file.number("with_source_eos", 0)),
        epsilon=epsilon,
    )
