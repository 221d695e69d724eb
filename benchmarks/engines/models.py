"""Models of real sizes with random weights: time and memory do not depend on what weights say, only
on their shape.

Every sentence runs to the length it is told, in every engine: the end symbol is a bad word.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.runners import END
from pipeline.bundle import Bundle, read_manifest
from pipeline.config import DEFAULT_MODEL, ROOT, resolve
from pipeline.errors import UserError
from pipeline.text.prepare import Preprocessor
from quantize.bundles.drafts import Drafts
from quantize.bundles.publish import write_manifest
from quantize.int8.observations import Observations
from quantize.int8.recipes import load_recipe
from quantize.network import Network, csanmt_network
from quantize.progress import Report
from quantize.sources import open_source
from quantize.sources.base import Source

MARIAN: dict[str, dict[str, int]] = {
    "opus-mt": {
        "vocab": 65001,
        "hidden": 512,
        "inner": 2048,
        "heads": 8,
        "encoder": 6,
        "decoder": 6,
    },
    "marian-toy": {
        "vocab": 1000,
        "hidden": 64,
        "inner": 128,
        "heads": 4,
        "encoder": 2,
        "decoder": 2,
    },
}
CSANMT: dict[str, dict[str, Any]] = {
    "csanmt-large": {
        "src_vocab_size": 50000,
        "trg_vocab_size": 50000,
        "hidden_size": 1024,
        "filter_size": 4096,
    }
    | {
        "num_heads": 16,
        "num_encoder_layers": 24,
        "num_decoder_layers": 6,
        "num_semantic_encoder_layers": 4,
    },
    "csanmt-toy": {
        "src_vocab_size": 1000,
        "trg_vocab_size": 1000,
        "hidden_size": 64,
        "filter_size": 128,
    }
    | {
        "num_heads": 4,
        "num_encoder_layers": 2,
        "num_decoder_layers": 1,
        "num_semantic_encoder_layers": 1,
    },
}
DEFAULT = "default"  # the bundle that the service starts with


def sources(model: str, count: int, tokens: int) -> list[tuple[int, ...]]:
    """Source ids without the end symbol: random ones, or for the default model sentences of FLORES."""
    if model == DEFAULT:
        prepare = Preprocessor.load(default_bundle())
        texts = (
            (ROOT / "quantize" / "testsets" / "flores-dev.zh")
            .read_text(encoding="utf-8")
            .splitlines()
        )
        return [unit.ids for text in texts[:count] for unit in prepare(text).units if unit.ids][
            :count
        ]
    size = MARIAN[model]["vocab"] if model in MARIAN else CSANMT[model]["src_vocab_size"]
    return [
        tuple(row)
        for row in np.random.default_rng(0).integers(2, size - 1, (count, tokens)).tolist()
    ]


def default_bundle() -> Bundle:
    return Bundle.load(DEFAULT_MODEL)


def bundles(model: str, recipes: list[str], work: Path, report: Report) -> dict[str, Bundle]:
    """A bundle a recipe, made in `work` if it is not there.

    Raises UserError for recipes that need calibration.
    """
    if rounded := [name for name in recipes if load_recipe(name).rounding == "gptq"]:
        raise UserError(f"random weights cannot be fitted to text: leave out {', '.join(rounded)}")
    missing = [name for name in recipes if not (work / name / "model.yaml").is_file()]
    if missing:
        drafts = Uncalibrated(_source(model, work), work, report=report)
        for name in missing:
            report(f"{model}: {name}")
            shutil.rmtree(work / name, ignore_errors=True)
            (work / name).mkdir(parents=True)
            draft = drafts.write(load_recipe(name), work / name)
            write_manifest(draft.path, draft.manifest)
    return {name: Bundle(work / name, read_manifest(work / name)) for name in recipes}


class FixedRanges(Observations):
    """What random weights are quantised with: the same range for every product's input."""

    def range(self, name: str, percentile: float) -> tuple[float, float]:  # noqa: ARG002  # as for every product
        return -6.0, 6.0

    def write_ranges(self, path: Path, percentile: float) -> None:  # noqa: ARG002  # no ranges were found
        path.write_text("{}", encoding="utf-8")


class Uncalibrated(Drafts):
    """Spares random weights the calibration: how long a product takes does not depend on its
    ranges.
    """

    @cached_property
    def observations(self) -> Observations:
        return FixedRanges(sentences=0, histograms={})


def _source(model: str, work: Path) -> Source:
    if model in CSANMT:
        trained = open_source(resolve(DEFAULT_MODEL) / "source")
        return replace(trained, network=random_csanmt(CSANMT[model]), calibration=())
    return open_source(marian(model, work))


def random_csanmt(sizes: Mapping[str, Any]) -> Network:
    """Normally distributed weights, seeded."""
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    config = CsanmtConfig(**sizes)
    with torch.device("meta"):
        state = CsanmtForConditionalGeneration(config).state_dict()
    rng = np.random.default_rng(0)
    weights = {}
    for name, like in state.items():
        weight = rng.standard_normal(tuple(like.shape), dtype=np.float32)
        weights[name] = (
            1 + weight / 10
            if name.endswith("norm.weight")
            else weight * np.float32(config.hidden_size**-0.5)
        )
    return replace(csanmt_network(config.to_dict(), weights), banned=(END,))


def marian(model: str, work: Path) -> Path:
    """The folder of a Marian model in Hugging Face's layout, made if it is not there."""
    import torch
    from transformers import GenerationConfig, MarianConfig, MarianMTModel

    folder, sizes = work / "source", MARIAN[model]
    if (folder / "model.safetensors").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pad = sizes["vocab"] - 1
    torch.manual_seed(0)
    config = MarianConfig(  # type: ignore[no-untyped-call]  # transformers leaves it untyped
        vocab_size=sizes["vocab"],
        d_model=sizes["hidden"],
        encoder_layers=sizes["encoder"],
        decoder_layers=sizes["decoder"],
        encoder_ffn_dim=sizes["inner"],
        decoder_ffn_dim=sizes["inner"],
        encoder_attention_heads=sizes["heads"],
        decoder_attention_heads=sizes["heads"],
        max_position_embeddings=512,
        activation_function="swish",
        scale_embedding=True,
        pad_token_id=pad,
        decoder_start_token_id=pad,
        eos_token_id=END,
        forced_eos_token_id=None,
    )
    network = MarianMTModel(config)
    symbols = {"pad_token_id": pad, "decoder_start_token_id": pad, "eos_token_id": END}
    network.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]  # likewise
        bad_words_ids=[[pad], [END]], num_beams=4, **symbols
    )
    network.save_pretrained(folder)
    _vocabulary(folder, pad)
    return folder


def _vocabulary(folder: Path, pad: int) -> None:
    """sentencepiece models of the default model's, and ids for their pieces and as many invented
    ones.
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
