"""Marian's and CTranslate2's rules against what these engines found.

tests/data/imports/search/make.py says how, and by which models.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from pipeline.bundle import Manifest
from pipeline.decode.arrays import Floats
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search import make_search
from tests.bundles import text_bundle
from tests.pipeline.decode.search.driving import Model, run

Engine = Literal["marian", "ctranslate2"]
GOLDENS = Path(__file__).parents[4] / "tests/data/imports/search/goldens.json"
END, UNKNOWN = 0, 1
NEVER = np.float32(-1e30)


@cache
def goldens() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GOLDENS.read_text())
    return found


def parameters(seed: int) -> dict[str, Floats]:
    return {
        name: np.frombuffer(base64.b64decode(array["float16"]), np.float16)
        .reshape(array["shape"])
        .astype(np.float32)
        for name, array in goldens()["models"][str(seed)].items()
    }


def normalised(x: Floats, epsilon: float) -> Floats:
    result: Floats = (x - x.mean()) / np.sqrt(x.var() + np.float32(epsilon))
    return result


def log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max()
    result: Floats = (shifted - np.log(np.exp(shifted).sum())).astype(np.float32)
    return result


def marian_model(seed: int) -> Model:
    """Zero vector first; three normalisations of sublayers that give zero; the unknown token takes
    part in the probabilities, not in the choice.
    """
    own = parameters(seed)
    hidden = own["embedding"].shape[1]
    rates = np.exp(-np.arange(hidden // 2) * np.log(1e4) / (hidden // 2 - 1))

    @cache
    def logprobs(last: int | None, step: int) -> Floats:
        angles = step * rates
        x = np.concatenate([np.sin(angles), np.cos(angles)]).astype(np.float32)
        if last is not None:
            x = x + own["embedding"][last] * np.float32(hidden**0.5)
        for _ in range(3):
            x = normalised(x, 1e-6)
        found = log_softmax(own["output"] @ x + own["bias"])
        found[UNKNOWN] = NEVER
        return found

    return lambda prefix: logprobs(prefix[-1] if prefix else None, len(prefix))


def ctranslate2_model(seed: int) -> Model:
    """Start symbol first; one normalisation; probabilities are among tokens that may be chosen."""
    own = parameters(seed)
    start, hidden = 2, own["embedding"].shape[1]

    @cache
    def logprobs(last: int, step: int) -> Floats:
        x = own["embedding"][last] * np.float32(hidden**0.5) + own["positions"][step]
        logits = own["output"] @ normalised(x, 1e-5) + own["bias"]
        logits[[UNKNOWN, END] if step == 0 else UNKNOWN] = NEVER
        return log_softmax(logits)

    return lambda prefix: logprobs(prefix[-1] if prefix else start, len(prefix))


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> dict[Engine, Manifest]:
    manifest = text_bundle(tmp_path_factory.mktemp("text")).manifest
    vocabulary = len(parameters(1)["bias"])
    engines: tuple[Engine, ...] = ("marian", "ctranslate2")
    return {
        rules: manifest.model_copy(
            update={
                "decoding": manifest.decoding.model_copy(update={"rules": rules}),
                "dimensions": manifest.dimensions.model_copy(
                    update={"target_vocab_size": vocabulary}
                ),
            }
        )
        for rules in engines
    }


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("beam", [1, 2, 4, 6])
@pytest.mark.parametrize("engine", ["marian", "ctranslate2"])
def test_a_search_finds_what_the_engine_itself_finds_whatever_joins_and_leaves(
    manifests: dict[Engine, Manifest], engine: Engine, beam: int, alpha: float
) -> None:
    cases = [case for case in goldens()[engine] if case["beam"] == beam and case["alpha"] == alpha]
    make = marian_model if engine == "marian" else ctranslate2_model
    models = {index: make(case["seed"]) for index, case in enumerate(cases)}
    # As long as Bergamot lets them be: twice the source with its end symbol.
    options = [
        DecodingOptions(
            beam, alpha, DecodingOptions(length_ratio=2.0, length_margin=2).limit(case["length"])
        )
        for case in cases
    ]
    assert len(cases) == 18
    found = run(make_search(manifests[engine], options[0]), models, options)
    for case, hypotheses in zip(cases, found, strict=True):
        assert isinstance(hypotheses, tuple)
        compare(case["nbest"], hypotheses)


def compare(nbest: list[tuple[list[int], float]], found: tuple[Hypothesis, ...]) -> None:
    assert [list(hypothesis.ids) for hypothesis in found[: len(nbest)]] == [ids for ids, _ in nbest]
    scores = [hypothesis.score for hypothesis in found[: len(nbest)]]
    # Marian prints six digits.
    assert scores == pytest.approx([score for _, score in nbest], rel=1e-5, abs=2e-5)
