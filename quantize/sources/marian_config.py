"""What a Marian model's JSON files say of its network, its decoding and its tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import PositiveInt, ValidationError

from pipeline.errors import UserError
from quantize.network import ACTIVATIONS
from quantize.sources.base import Section

# Options of `generate` beyond beams, lengths and bad words, and the values that change nothing.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "do_sample": (False,),
    "early_stopping": (False,),
    "min_length": (0,),
    "num_beam_groups": (1,),
    "repetition_penalty": (1.0,),
    "no_repeat_ngram_size": (0,),
    "encoder_no_repeat_ngram_size": (0,),
    "suppress_tokens": ([],),
    "begin_suppress_tokens": ([],),
    "forced_bos_token_id": (),
}
Kind = TypeVar("Kind", bound=Section)


class Config(Section):
    """What `config.json` says of the network."""

    d_model: PositiveInt
    encoder_layers: PositiveInt
    decoder_layers: PositiveInt
    encoder_attention_heads: PositiveInt
    decoder_attention_heads: PositiveInt
    activation_function: str = "gelu"
    scale_embedding: bool = False
    max_position_embeddings: PositiveInt = 1024
    share_encoder_decoder_embeddings: bool = True
    tie_word_embeddings: bool = True


class Generation(Section):
    """What `generation_config.json` says of `generate`."""

    decoder_start_token_id: int
    eos_token_id: int
    forced_eos_token_id: int | None = None
    bad_words_ids: list[list[int]] | None = None
    renormalize_logits: bool = False
    num_beams: PositiveInt = 4
    length_penalty: float = 1.0
    max_length: int | None = None


class OlderGeneration(Generation):
    """What an older `config.json` says of it."""

    forced_eos_token_id: int | None = 0  # as transformers assumes of Marian models


class TokenizerConfig(Section):
    """What `tokenizer_config.json` says of languages and vocabularies."""

    source_lang: str
    target_lang: str
    separate_vocabs: bool = False


def read_config(folder: Path) -> Config:
    """The network's; raises UserError for what is missing, damaged or not supported."""
    path = folder / "config.json"
    config = _parse(Config, path)
    if config.activation_function not in ACTIVATIONS:
        known = ", ".join(sorted(ACTIVATIONS))
        raise UserError(f"{path}: activation {config.activation_function}: supported are {known}")
    return config


def read_generation(folder: Path) -> Generation:
    """The decoding's; raises UserError for what would decode differently here."""
    path = folder / "generation_config.json"
    kind: type[Generation] = Generation
    if not path.is_file():
        path, kind = folder / "config.json", OlderGeneration
    generation = _parse(kind, path)
    given = json.loads(path.read_bytes())
    for name, neutral in NEUTRAL.items():
        if given.get(name) not in (None, *neutral):
            raise UserError(
                f"{path}: {name} {given[name]} is not supported: remove it, or keep to transformers"
            )
    if any(len(word) != 1 for word in generation.bad_words_ids or ()):
        raise UserError(f"{path}: bad_words_ids of several tokens are not supported: remove them")
    if generation.forced_eos_token_id not in (None, generation.eos_token_id):
        raise UserError(
            f"{path}: forced_eos_token_id differs from eos_token_id, which is not supported"
        )
    return generation


def read_tokenizer_config(folder: Path) -> TokenizerConfig:
    """The tokenizer's; raises UserError for a file that is missing or damaged."""
    return _parse(TokenizerConfig, folder / "tokenizer_config.json")


def read_unknown_id(path: Path) -> int:
    """The id of <unk> in a vocabulary; raises UserError for a file without one."""
    try:
        return int(json.loads(path.read_bytes())["<unk>"])
    except (ValueError, TypeError, KeyError):
        raise UserError(
            f"{path}: expected the ids of all pieces, <unk> among them: copy it anew"
        ) from None


def _parse(kind: type[Kind], path: Path) -> Kind:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path} is missing: copy all files of the model") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {where}: {first['msg']}: is it a Marian model?") from None
