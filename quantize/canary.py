"""Choosing the canary of a bundle: what serving will replay before it is ready."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.bundle import Bundle
from pipeline.canary import CanaryFile, Pair
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.preprocess import Preprocessor
from pipeline.resources import DEFAULT_MODEL, home
from pipeline.scoring import forced_logprobs
from pipeline.session import Sessions
from quantize.graphs import write_graphs
from quantize.progress import Report, silent
from quantize.recipes import Recipe, load_recipe
from quantize.sources.base import Source

PAIRS = 20
FP32_TOLERANCE = 1e-3
Ids = tuple[int, ...]


def choose(source: Source, recipe: Recipe, bundle: Bundle, report: Report = silent) -> tuple[CanaryFile, float]:
    """Pairs of sentences and their translations, and the tolerance their log-probabilities are held to.

    For INT8 it is twice the largest difference from float32, so that it holds on every kind of CPU.
    """
    sources = _sources(source, bundle)
    targets, scores = _translated(bundle, sources, report)
    pairs = tuple(
        Pair(source=s, target=t, logprobs=tuple(np.round(p.astype(float), 6).tolist()))
        for s, t, p in zip(sources, targets, scores, strict=True)
    )
    if recipe.weights == "fp32":
        return CanaryFile(pairs=pairs), FP32_TOLERANCE
    exact = _fp32_logprobs(source, bundle, sources, targets, report)
    largest = max(float(np.abs(a - b).max()) for a, b in zip(scores, exact, strict=True))
    return CanaryFile(pairs=pairs), round(2 * largest, 6)


def _translated(bundle: Bundle, sources: list[Ids], report: Report) -> tuple[list[Ids], list[Any]]:
    engine = Engine.load(bundle)
    targets = []
    try:
        with report("canary", len(sources)) as tick:
            for ids in sources:
                targets.append(engine.submit(ids).result()[0].ids)
                tick()
    finally:
        engine.close()
    return targets, forced_logprobs(engine.sessions, sources, targets)


def _sources(source: Source, bundle: Bundle) -> list[Ids]:
    """Sentences spread over the source's own text or, for Chinese, the default model's; else random ids."""
    text = source.calibration
    default = home() / DEFAULT_MODEL / "source" / "calibration.txt"
    if not text and source.languages.source == "zh" and default.is_file():
        text = tuple(default.read_text(encoding="utf-8").splitlines())
    if not text:
        rng = np.random.default_rng(0)
        ids = range(2, source.network.source_vocab_size)
        return [tuple(rng.choice(ids, size).tolist()) for size in rng.integers(3, 30, PAIRS)]
    preprocess = Preprocessor.load(bundle)
    every = max(1, len(text) // (2 * PAIRS))
    units = [unit.ids for line in text[::every] for unit in preprocess(line).units if unit.ids]
    if len(units) < PAIRS:
        raise UserError(f"{source.folder}: {len(units)} usable sentences in its calibration text, need {PAIRS}")
    return units[:PAIRS]


def _fp32_logprobs(source: Source, bundle: Bundle, sources: list[Ids], targets: list[Ids], report: Report) -> list[Any]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = write_graphs(source.network, load_recipe("fp32"), folder, report)
        listed = bundle.manifest.model_copy(update={"files": dict.fromkeys(files)})
        return forced_logprobs(Sessions(Bundle(folder, listed)), sources, targets)
