"""Models of real sizes with random weights.

Time and memory do not depend on what weights say, only on their shape. Every sentence runs to the
requested length, in every engine: the end symbol is a bad word, or its bias bars it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines import students
from benchmarks.engines.marian import MARIAN, MarianSizes, marian
from benchmarks.engines.runners import END
from benchmarks.engines.shapes import SHAPES, Shape, shaped
from benchmarks.engines.students import STUDENTS, StudentSizes, student
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
SYMBOLS = len(students.SYMBOLS)  # ids that a vocabulary begins with and no text has, at most


def sources(model: str, count: int, tokens: int) -> list[tuple[int, ...]]:
    """Source ids without the end symbol: random ones, or sentences for the default model."""
    if model == DEFAULT:
        texts = (TEST_SETS / "flores-dev.zh").read_text(encoding="utf-8").splitlines()
        return sentence_ids(default_bundle(), texts[:count])[:count]
    ids = np.random.default_rng(0).integers(SYMBOLS, _vocabulary(model) - 1, (count, tokens))
    return list(map(tuple, ids.tolist()))


def _vocabulary(model: str) -> int:
    """The number of a source's tokens."""
    if model in CSANMT:
        return int(CSANMT[model]["src_vocab_size"])
    sizes: dict[str, MarianSizes | StudentSizes | Shape] = {**MARIAN, **STUDENTS, **SHAPES}
    return sizes[model].vocabulary


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
    return open_source(files(model, work))


def files(model: str, work: Path) -> Path:
    """The folder that the model is imported from, made if it is not there."""
    folder = work / "source"
    if model in STUDENTS:
        return student(STUDENTS[model], folder)
    return shaped(SHAPES[model], folder) if model in SHAPES else marian(MARIAN[model], folder)


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
