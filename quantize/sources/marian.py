"""Source: a Marian model in Hugging Face's layout, such as Helsinki-NLP/opus-mt-zh-en.

`config.json`, `generation_config.json`, `model.safetensors` (or `pytorch_model.bin`), `source.spm`,
`target.spm`, `vocab.json` and `tokenizer_config.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from pipeline.bundle import Decoding, Languages, MarianEntry
from pipeline.errors import UserError
from quantize.graphs.blocks import ACTIVATIONS
from quantize.graphs.builder import Array
from quantize.network import LazyWeights, Network
from quantize.sources.base import About, Source
from quantize.sources.tensors import read_tensors, weights_file

MAX_SOURCE_LENGTH = 128  # longer sentences are parted
EPSILON = 1e-5
LANGUAGES = {"zho": "zh", "cmn": "zh", "eng": "en"}  # the longer codes of some models

# What `generate` can be told beyond beams, lengths and bad words, and the values that change
# nothing.
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


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Config(_Part):
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


class Generation(_Part):
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


class TokenizerConfig(_Part):
    source_lang: str
    target_lang: str
    separate_vocabs: bool = False


def load(folder: Path, name: str | None = None) -> Source:
    """Read the directory; `name` says where it is from.

    Raises UserError for what is missing, damaged or not supported.
    """
    config = _parse(Config, folder / "config.json")
    generation = _generation(folder)
    tokenizer = _parse(TokenizerConfig, folder / "tokenizer_config.json")
    if config.activation_function not in ACTIVATIONS:
        known = ", ".join(sorted(ACTIVATIONS))
        raise UserError(
            f"{folder / 'config.json'}: activation {config.activation_function}: supported are {known}"
        )
    target_ids = "target_vocab.json" if tokenizer.separate_vocabs else "vocab.json"
    files = {name: folder / name for name in ("source.spm", "target.spm", "vocab.json", target_ids)}
    for path in files.values():
        if not path.is_file():
            raise UserError(f"{path} is missing: copy all files of the model")
    source_unknown, unknown = (_unknown(files[name]) for name in ("vocab.json", target_ids))
    languages = {"source": tokenizer.source_lang, "target": tokenizer.target_lang}
    positions = config.max_position_embeddings
    return Source(
        folder=folder,
        identity=(folder / "config.json", weights_file(folder)),
        network=_network(config, generation, _weights(config, folder)),
        languages=Languages(
            **{name: LANGUAGES.get(code, code) for name, code in languages.items()}
        ),
        tokenizer=MarianEntry(
            kind="marian",
            source="source.spm",
            target="target.spm",
            source_ids="vocab.json",
            target_ids=target_ids,
            unknown_id=unknown,
            source_unknown_id=source_unknown,
        ),
        files=files,
        decoding=Decoding(
            beam_size=generation.num_beams,
            length_penalty=generation.length_penalty,
            # generate counts the symbol that starts the decoder, we count tokens.
            max_length=min(generation.max_length or positions, positions) - 1,
            forced_end=generation.forced_eos_token_id is not None,
            end_id=generation.eos_token_id,
            max_source_length=min(MAX_SOURCE_LENGTH, positions - 1),
        ),
        about=About(provenance=f"converted from {name or f'the Marian model {folder.name}'}"),
    )


def _parse(kind: type[Any], path: Path) -> Any:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path} is missing: copy all files of the model") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}: is it a Marian model?"
        ) from None


def _generation(folder: Path) -> Generation:
    path = folder / "generation_config.json"
    kind: type[Generation] = Generation
    if not path.is_file():
        path, kind = folder / "config.json", OlderGeneration
    generation: Generation = _parse(kind, path)
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


def _unknown(path: Path) -> int:
    try:
        return int(json.loads(path.read_bytes())["<unk>"])
    except (ValueError, TypeError, KeyError):
        raise UserError(
            f"{path}: expected the ids of all pieces, <unk> among them: copy it anew"
        ) from None


def _network(config: Config, generation: Generation, weights: LazyWeights) -> Network:
    return Network(
        family="marian",
        hidden_size=config.d_model,
        encoder_heads=config.encoder_attention_heads,
        decoder_heads=config.decoder_attention_heads,
        num_encoder_layers=config.encoder_layers,
        num_decoder_layers=config.decoder_layers,
        post_norm=True,
        scale_embedding=config.scale_embedding,
        activation=config.activation_function,
        epsilon=EPSILON,
        positions=sinusoids(config.max_position_embeddings, config.d_model),
        max_positions=config.max_position_embeddings,
        start_id=generation.decoder_start_token_id,
        banned=tuple(word[0] for word in generation.bad_words_ids or ()),
        renormalise=generation.renormalize_logits,
        weights=weights,
    )


def sinusoids(length: int, channels: int) -> Array:
    """Marian's positions [length, channels]: sines then cosines, with rates 10000^(-2i/channels)."""
    rate = np.power(10000.0, -2 * np.arange((channels + 1) // 2) / channels)
    angle = np.arange(length)[:, None] * rate
    return np.concatenate([np.sin(angle), np.cos(angle[:, : channels // 2])], axis=1).astype(
        np.float32
    )


def _weights(config: Config, folder: Path) -> LazyWeights:
    """The weights by the names of `Network`."""
    tensors = read_tensors(folder)
    readers: dict[str, Callable[[], Array]] = {}

    def give(name: str, *parts: str) -> None:
        """`name` is the tensors `parts`, one after the other."""
        for part in parts:
            if part not in tensors:
                raise UserError(f"{folder}: its weights have no {part}: is it a Marian model?")
        readers[name] = lambda: np.concatenate([tensors[part] for part in parts])

    def linear(name: str, *parts: str) -> None:
        for kind in ("weight", "bias"):
            give(f"{name}.{kind}", *(f"{part}.{kind}" for part in parts))

    def embedding(side: str) -> str:
        own = f"model.{side}.embed_tokens.weight"
        return own if own in tensors else "model.shared.weight"

    give("src_emb.weight", embedding("encoder"))
    give("trg_emb.weight", embedding("decoder"))
    if not config.tie_word_embeddings:
        give("softmax.weight", "lm_head.weight")
    if "final_logits_bias" in tensors:
        readers["logits_bias"] = lambda: tensors["final_logits_bias"].reshape(-1)
    for side, layers in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers)):
        for i in range(layers):
            theirs, ours = f"model.{side}.layers.{i}", f"{side}.{i}"
            attentions = [("self_attn", "attn" if side == "encoder" else "self_attn")]
            attentions += [("encoder_attn", "cross_attn")] if side == "decoder" else []
            for their, our in attentions:
                linear(f"{ours}.{our}.q", f"{theirs}.{their}.q_proj")
                linear(f"{ours}.{our}.kv", f"{theirs}.{their}.k_proj", f"{theirs}.{their}.v_proj")
                linear(f"{ours}.{our}.out", f"{theirs}.{their}.out_proj")
                linear(f"{ours}.{our.replace('_attn', '')}_norm", f"{theirs}.{their}_layer_norm")
            linear(f"{ours}.ffn.inner", f"{theirs}.fc1")
            linear(f"{ours}.ffn.outer", f"{theirs}.fc2")
            linear(f"{ours}.ffn_norm", f"{theirs}.final_layer_norm")
    return LazyWeights(readers)
