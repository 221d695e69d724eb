"""Marian models in Hugging Face's layout, with random weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engines.runners import END
from pipeline.config import DEFAULT_MODEL, resolve
from quantize.sources.tensors import SAFETENSORS


@dataclass(frozen=True)
class MarianSizes:
    """Of a Marian model."""

    vocabulary: int
    hidden: int
    inner: int  # of feed-forward layers
    heads: int
    layers: int  # of the encoder, and of the decoder


MARIAN = {
    "opus-mt": MarianSizes(vocabulary=65001, hidden=512, inner=2048, heads=8, layers=6),
    "marian-toy": MarianSizes(vocabulary=1000, hidden=64, inner=128, heads=4, layers=2),
}


def marian(sizes: MarianSizes, folder: Path) -> Path:
    """The folder of a Marian model in Hugging Face's layout, made if it is not there."""
    import torch
    from transformers import GenerationConfig, MarianConfig, MarianMTModel

    if (folder / SAFETENSORS).is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pad = sizes.vocabulary - 1
    symbols = {"pad_token_id": pad, "decoder_start_token_id": pad, "eos_token_id": END}
    torch.manual_seed(0)
    config = MarianConfig(  # type: ignore[no-untyped-call]  # transformers leaves it untyped
        vocab_size=sizes.vocabulary,
        d_model=sizes.hidden,
        encoder_layers=sizes.layers,
        decoder_layers=sizes.layers,
        encoder_ffn_dim=sizes.inner,
        decoder_ffn_dim=sizes.inner,
        encoder_attention_heads=sizes.heads,
        decoder_attention_heads=sizes.heads,
        max_position_embeddings=512,
        activation_function="swish",
        scale_embedding=True,
        forced_eos_token_id=None,
        **symbols,
    )
    network = MarianMTModel(config)
    network.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]  # likewise
        bad_words_ids=[[pad], [END]], num_beams=4, **symbols
    )
    network.save_pretrained(folder)
    _write_vocabulary(folder, pad)
    return folder


def _write_vocabulary(folder: Path, pad: int) -> None:
    """The default model's sentencepiece models, and ids up to `pad` for their pieces.

    Invented pieces have the ids that are left over.
    """
    import sentencepiece

    pieces: dict[str, None] = {}
    for name in ("source.spm", "target.spm"):
        path = shutil.copy(resolve(DEFAULT_MODEL) / name, folder / name)
        model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        pieces |= dict.fromkeys(model.id_to_piece(i) for i in range(2, len(model)))
    words = ["</s>", "<unk>", *pieces][:pad]
    words += [f"piece{i}" for i in range(len(words), pad)] + ["<pad>"]
    ids = json.dumps({word: i for i, word in enumerate(words)}, ensure_ascii=False)
    (folder / "vocab.json").write_text(ids, encoding="utf-8")
    settings = {
        "source_lang": "zh",
        "target_lang": "en",
        "separate_vocabs": False,
        "tokenizer_class": "MarianTokenizer",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
