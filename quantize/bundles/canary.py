"""Choosing the canary of a bundle: what serving will replay before it is ready."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from pipeline.bundle import Bundle
from pipeline.decode.arrays import Floats
from pipeline.decode.canary import CanaryFile, Pair
from pipeline.decode.engine import Engine
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.errors import UserError
from quantize.bundles.draft import Workshop
from quantize.corpus import sentence_ids
from quantize.int8.recipes import Recipe

PAIRS = 20
FP32_TOLERANCE = 1e-3
Ids = tuple[int, ...]


def choose(workshop: Workshop, recipe: Recipe, bundle: Bundle) -> tuple[CanaryFile, float]:
    """Pairs of sentences and their translations, and the tolerance their log-probabilities are held
    to.

    For INT8 it is twice the largest difference from float32, so that it holds on every kind of CPU.
    """
    sources = _sources(workshop, bundle)
    targets, scores = _translated(workshop, bundle, sources)
    pairs = tuple(
        Pair(source=s, target=t, logprobs=tuple(np.round(p.astype(float), 6).tolist()))
        for s, t, p in zip(sources, targets, scores, strict=True)
    )
    if recipe.weights == "fp32":
        return CanaryFile(pairs=pairs), FP32_TOLERANCE
    exact = forced_logprobs(Sessions(workshop.reference), sources, targets)
    largest = max(float(np.abs(a - b).max()) for a, b in zip(scores, exact, strict=True))
    return CanaryFile(pairs=pairs), round(2 * largest, 6)


def _translated(
    workshop: Workshop, bundle: Bundle, sources: list[Ids]
) -> tuple[list[Ids], list[Floats]]:
    targets = []
    with closing(Engine.load(bundle)) as engine:
        for done, ids in enumerate(sources, 1):
            targets.append(engine.submit(ids).result()[0].ids)
            workshop.show("canary", done, len(sources))
        return targets, forced_logprobs(engine.sessions, sources, targets)


def _sources(workshop: Workshop, bundle: Bundle) -> list[Ids]:
    """Sentences spread over the calibration text.

    Random ids where there is none in the model's language.
    """
    lines = workshop.lines
    if not lines:
        rng = np.random.default_rng(0)
        size = workshop.source.network.source_vocab_size
        return [
            tuple(rng.integers(2, size, length).tolist()) for length in rng.integers(3, 30, PAIRS)
        ]
    every = max(1, len(lines) // (2 * PAIRS))
    units = sentence_ids(bundle, lines[::every])
    if len(units) < PAIRS:
        raise UserError(
            f"{len(units)} usable sentences in the calibration text, need {PAIRS}: give more"
        )
    return units[:PAIRS]
