"""Randomly initialised Marian models in Hugging Face's layout, peaked enough to end sentences at
all lengths.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import sentencepiece

from tests.bundles import VOCABULARIES

PIECES = 600  # of each language


def marian_model(
    folder: Path, *, seed: int = 3, end_bias: float = 8.0, **options: Any
) -> tuple[Any, Any]:
    """Write a model into `folder`; returns it and its tokenizer.

    `options` are those of MarianConfig.
    """
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    vocabulary = _files(folder)
    pad = len(vocabulary) - 1
    sizes: dict[str, Any] = {
        "d_model": 64,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_ffn_dim": 96,
    }
    sizes |= {"decoder_ffn_dim": 96, "encoder_attention_heads": 4, "decoder_attention_heads": 4}
    sizes |= {
        "activation_function": "swish",
        "scale_embedding": True,
        "max_position_embeddings": 128,
    }
    symbols = {
        "pad_token_id": pad,
        "decoder_start_token_id": pad,
        "eos_token_id": 0,
        "forced_eos_token_id": 0,
    }
    torch.manual_seed(seed)
    model = MarianMTModel(
        MarianConfig(**({"vocab_size": pad + 1} | sizes | symbols | options))
    ).eval()
    for name, parameter in model.named_parameters():
        if "layer_norm" in name:
            parameter.data += 0.2 * torch.randn_like(parameter)
        elif "embed_positions" not in name:
            parameter.data *= 12
    model.final_logits_bias = torch.randn(1, pad + 1)
    model.final_logits_bias[0, 0] += end_bias
    model.final_logits_bias[0, pad] += 5  # it would often win, were it not a bad word
    model.generation_config.bad_words_ids = [[pad]]
    model.generation_config.max_length, model.generation_config.num_beams = 64, 4
    model.save_pretrained(folder)
    names = [str(folder / name) for name in ("source.spm", "target.spm", "vocab.json")]
    tokenizer = MarianTokenizer(*names, source_lang="zh", target_lang="en")
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def _files(folder: Path) -> list[str]:
    """Copy sentencepiece models and write the ids of their first pieces.

    Returns the pieces in their order.
    """
    folder.mkdir(parents=True)
    pieces: dict[str, None] = {}
    for name in ("source.spm", "target.spm"):
        path = Path(shutil.copy(VOCABULARIES / name, folder / name))
        model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        pieces |= dict.fromkeys(model.id_to_piece(i) for i in range(2, PIECES))
    vocabulary = ["</s>", "<unk>", *pieces, "<pad>"]
    (folder / "vocab.json").write_text(
        json.dumps({p: i for i, p in enumerate(vocabulary)}), encoding="utf-8"
    )
    return vocabulary
