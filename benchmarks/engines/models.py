"""Models of real sizes with random weights.

Time and memory do not depend on what weights say, only on their shape. Every sentence runs to the
requested length, in every engine: the end symbol is a bad word.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.runners import END
from pipeline.bundle import Bundle, read_manifest
from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError
from quantize.bundles.drafts import Drafts
from quantize.bundles.publish import write_manifest
from quantize.int8.observations import Observations
from quantize.int8.recipes import load_recipe
from quantize.network import Array, Network, csanmt_network
from quantize.progress import Report
from quantize.sentences import TEST_SETS, sentence_ids
from quantize.sources import open_source
from quantize.sources.base import Source
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
CSANMT: dict[str, dict[str, Any]] = {  # values of `CsanmtConfig`
    "csanmt-large": {
        "src_vocab_size": 50000,
        "trg_vocab_size": 50000,
        "hidden_size": 1024,
        "filter_size": 4096,
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
        "num_heads": 4,
        "num_encoder_layers": 2,
        "num_decoder_layers": 1,
        "num_semantic_encoder_layers": 1,
    },
}
DEFAULT = "default"  # the bundle that the service starts with


def sources(model: str, count: int, tokens: int) -> list[tuple[int, ...]]:
    """Source ids without the end symbol: random ones, or sentences for the default model."""
    if model == DEFAULT:
        texts = (TEST_SETS / "flores-dev.zh").read_text(encoding="utf-8").splitlines()
        return sentence_ids(default_bundle(), texts[:count])[:count]
    size = MARIAN[model].vocabulary if model in MARIAN else CSANMT[model]["src_vocab_size"]
    ids = np.random.default_rng(0).integers(2, size - 1, (count, tokens))
    return list(map(tuple, ids.tolist()))


def default_bundle() -> Bundle:
    """The bundle that the service starts with."""
    return Bundle.load(DEFAULT_MODEL)


def bundles(model: str, recipes: list[str], work: Path, report: Report) -> dict[str, Bundle]:
    """A bundle a recipe, made in `work` if it is not there.

    Raises UserError for recipes that fit weights to text.
    """
    if fitted := [name for name in recipes if load_recipe(name).rounding == "gptq"]:
        raise UserError(f"random weights cannot be fitted to text: leave out {', '.join(fitted)}")
    missing = [name for name in recipes if not (work / name / "model.yaml").is_file()]
    if missing:
        drafts = UncalibratedDrafts(_source(model, work), work, report=report)
        for name in missing:
            report(f"{model}: {name}")
            shutil.rmtree(work / name, ignore_errors=True)
            (work / name).mkdir(parents=True)
            draft = drafts.write(load_recipe(name), work / name)
            write_manifest(draft.path, draft.manifest)
    return {name: Bundle(work / name, read_manifest(work / name)) for name in recipes}


class FixedRanges(Observations):
    """What random weights are quantised with: the same range for every product's input."""

    def range(self, product: str, percentile: float) -> tuple[float, float]:  # noqa: ARG002  # as its base
        """The same for every product."""
        return -6.0, 6.0

    def write_ranges(self, path: Path, percentile: float) -> None:  # noqa: ARG002  # as its base
        """No ranges: none were found."""
        path.write_text("{}", encoding="utf-8")


class UncalibratedDrafts(Drafts):
    """Drafts of random weights: how long a product takes does not depend on its ranges."""

    @cached_property
    def observations(self) -> Observations:
        """The same for every product, without calibration."""
        return FixedRanges(sentences=0, histograms={})


def _source(model: str, work: Path) -> Source:
    if model in CSANMT:
        trained = open_source(resolve(DEFAULT_MODEL) / "source")
        return replace(trained, network=random_csanmt(CSANMT[model]), calibration=())
    return open_source(marian(model, work))


def random_csanmt(sizes: Mapping[str, Any]) -> Network:
    """A CSANMT with normally distributed weights, seeded."""
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    config = CsanmtConfig(**sizes)
    with torch.device("meta"):
        state = CsanmtForConditionalGeneration(config).state_dict()
    rng, factor = np.random.default_rng(0), np.float32(config.hidden_size**-0.5)

    def random(name: str, shape: tuple[int, ...]) -> Array:
        weight = rng.standard_normal(shape, dtype=np.float32)
        return 1 + weight / 10 if name.endswith("norm.weight") else weight * factor

    weights = {name: random(name, tuple(like.shape)) for name, like in state.items()}
    return replace(csanmt_network(config.to_dict(), weights), banned=(END,))


def marian(model: str, work: Path) -> Path:
    """The folder of a Marian model in Hugging Face's layout, made if it is not there."""
    import torch
    from transformers import GenerationConfig, MarianConfig, MarianMTModel

    folder, sizes = work / "source", MARIAN[model]
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
