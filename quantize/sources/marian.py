"""Source: a Marian model in Hugging Face's layout, such as Helsinki-NLP/opus-mt-zh-en.

`config.json`, `generation_config.json`, `model.safetensors` (or `pytorch_model.bin`), `source.spm`,
`target.spm`, `vocab.json` and `tokenizer_config.json`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.bundle import Decoding, Languages, MarianEntry
from pipeline.errors import UserError
from quantize.network import Array, LazyWeights, Network
from quantize.sources.base import About, Source
from quantize.sources.marian_config import (
    Config,
    Generation,
    read_config,
    read_generation,
    read_tokenizer_config,
    read_unknown_id,
)
from quantize.sources.tensors import read_tensors, weights_file

MAX_SOURCE_LENGTH = 128  # longer sentences are parted
EPSILON = 1e-5
LANGUAGES = {"zho": "zh", "cmn": "zh", "eng": "en"}  # the longer codes of some models
# Attention blocks: their names in the files, and in `Network`.
ENCODER_ATTENTION = {"self_attn": "attn"}
DECODER_ATTENTION = {"self_attn": "self_attn", "encoder_attn": "cross_attn"}


def open_marian(folder: Path, name: str | None = None) -> Source:
    """Read the directory; `name` says where it is from.

    Raises UserError for what is missing, damaged or not supported.
    """
    config, generation = read_config(folder), read_generation(folder)
    tokenizer = read_tokenizer_config(folder)
    target_ids = "target_vocab.json" if tokenizer.separate_vocabs else "vocab.json"
    files = {name: folder / name for name in ("source.spm", "target.spm", "vocab.json", target_ids)}
    for path in files.values():
        if not path.is_file():
            raise UserError(f"{path} is missing: copy all files of the model")
    return Source(
        folder=folder,
        identity=_identity(folder),
        network=_network(config, generation, _weights(config, folder)),
        languages=Languages(
            source=LANGUAGES.get(tokenizer.source_lang, tokenizer.source_lang),
            target=LANGUAGES.get(tokenizer.target_lang, tokenizer.target_lang),
        ),
        tokenizer=MarianEntry(
            kind="marian",
            source="source.spm",
            target="target.spm",
            source_ids="vocab.json",
            target_ids=target_ids,
            unknown_id=read_unknown_id(files[target_ids]),
            source_unknown_id=read_unknown_id(files["vocab.json"]),
        ),
        files=files,
        decoding=_decoding(config, generation),
        about=About(provenance=f"converted from {name or f'the Marian model {folder.name}'}"),
    )


def _identity(folder: Path) -> tuple[Path, ...]:
    names = "config.json", "generation_config.json", "tokenizer_config.json"
    files = [folder / name for name in names]
    return (*filter(Path.is_file, files), weights_file(folder))


def _decoding(config: Config, generation: Generation) -> Decoding:
    positions = config.max_position_embeddings
    return Decoding(
        rules="transformers",
        beam_size=generation.num_beams,
        length_penalty=generation.length_penalty,
        # `generate` counts the symbol that starts the decoder, we count tokens.
        max_length=min(generation.max_length or positions, positions) - 1,
        forced_end=generation.forced_eos_token_id is not None,
        end_id=generation.eos_token_id,
        max_source_length=min(MAX_SOURCE_LENGTH, positions - 1),
    )


def _network(config: Config, generation: Generation, weights: LazyWeights) -> Network:
    scale = math.sqrt(config.d_model) if config.scale_embedding else 1.0
    return Network(
        family="marian",
        hidden_size=config.d_model,
        encoder_heads=config.encoder_attention_heads,
        decoder_heads=config.decoder_attention_heads,
        num_encoder_layers=config.encoder_layers,
        num_decoder_layers=config.decoder_layers,
        post_norm=True,
        source_scale=scale,
        target_scale=scale,
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
    """Marian's positions [length, channels] float32: sines, then cosines.

    Their rates are 10000^(-2i/channels).
    """
    rate = np.power(10000.0, -2 * np.arange((channels + 1) // 2) / channels)
    angle = np.arange(length)[:, None] * rate
    sides = np.sin(angle), np.cos(angle[:, : channels // 2])
    return np.concatenate(sides, axis=1).astype(np.float32)


def _weights(config: Config, folder: Path) -> LazyWeights:
    """The weights by the names of `Network`."""
    tensors = read_tensors(folder)
    readers: dict[str, Callable[[], Array]] = {}

    def add(name: str, *parts: str) -> None:
        """`name` is the tensors `parts`, one after the other."""
        for part in parts:
            if part not in tensors:
                raise UserError(f"{folder}: its weights have no {part}: is it a Marian model?")
        readers[name] = lambda: np.concatenate([tensors[part] for part in parts])

    def add_linear(name: str, *parts: str) -> None:
        for kind in ("weight", "bias"):
            add(f"{name}.{kind}", *(f"{part}.{kind}" for part in parts))

    def embedding(side: str) -> str:
        own = f"model.{side}.embed_tokens.weight"
        return own if own in tensors else "model.shared.weight"

    add("src_emb.weight", embedding("encoder"))
    add("trg_emb.weight", embedding("decoder"))
    if not config.tie_word_embeddings:
        add("softmax.weight", "lm_head.weight")
    if "final_logits_bias" in tensors:
        readers["logits_bias"] = lambda: tensors["final_logits_bias"].reshape(-1)
    for side, count, attentions in (
        ("encoder", config.encoder_layers, ENCODER_ATTENTION),
        ("decoder", config.decoder_layers, DECODER_ATTENTION),
    ):
        for i in range(count):
            layer, name = f"model.{side}.layers.{i}", f"{side}.{i}"
            for block, ours in attentions.items():
                add_linear(f"{name}.{ours}.q", f"{layer}.{block}.q_proj")
                keys_values = f"{layer}.{block}.k_proj", f"{layer}.{block}.v_proj"
                add_linear(f"{name}.{ours}.kv", *keys_values)
                add_linear(f"{name}.{ours}.out", f"{layer}.{block}.out_proj")
                norm = ours.replace("_attn", "") + "_norm"
                add_linear(f"{name}.{norm}", f"{layer}.{block}_layer_norm")
            add_linear(f"{name}.ffn.inner", f"{layer}.fc1")
            add_linear(f"{name}.ffn.outer", f"{layer}.fc2")
            add_linear(f"{name}.ffn_norm", f"{layer}.final_layer_norm")
    return LazyWeights(readers)
