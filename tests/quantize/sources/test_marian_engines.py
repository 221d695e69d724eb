"""Bundles of Marian's files against the engines that they were made for.

tests/data/imports/marian/make.py says how their answers were had.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from pipeline.decode.options import DecodingOptions
from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.tokenizers import load_tokenizer
from pipeline.translator import Translator
from quantize.bundles.build import build
from quantize.int8.recipes import load_recipe
from tests.quantize.sources.marian_folders import (
    firefox_folder,
    goldens,
    opus_folder,
    processor,
    vocabularies,
)
from tests.quantize.sources.marian_models import CASES

CONTROL = re.compile(r"[\x00-\x1f]")
LOGPROB = 2e-5  # largest difference
SCORE = 1e-5  # largest difference of a score, of which Marian prints six figures


@cache
def marian() -> dict[str, Any]:
    return goldens("marian")


@dataclass(frozen=True)
class Served:
    """A model as we serve it, and what Marian says of it."""

    name: str
    translator: Translator
    golden: dict[str, list[list[dict[str, Any]]]]

    @property
    def sources(self) -> list[list[int]]:
        tokenizer = load_tokenizer(self.translator.bundle)
        return [tokenizer.encode(text) for text in marian()["texts"]]


@pytest.fixture(scope="module", params=[*CASES, "opus"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    place = folder / "model"
    source = opus_folder(place) if name == "opus" else firefox_folder(place, CASES[name]).parent
    build(source, load_recipe("fp32"), folder / "bundle", lines=())
    with Translator.load(folder / "bundle") as translator:
        yield Served(name, translator, marian()["cases"][name])


def test_every_tokens_probability_is_marians(served: Served) -> None:
    for hypotheses in served.golden.values():
        best = [found[0] for found in hypotheses]
        targets = [[token for token in row["ids"] if token] for row in best]
        found = forced_logprobs(served.translator.engine.sessions, served.sources, targets)
        for row, logprobs in zip(best, found, strict=True):
            # A hypothesis that the longest length cut has no end symbol.
            own = logprobs[: len(row["ids"])]
            assert np.abs(own - row["logprobs"]).max() < LOGPROB


def test_hypotheses_and_their_order_are_marians(served: Served) -> None:
    decoding = served.translator.bundle.manifest.decoding
    for name, golden in served.golden.items():
        beams = int(name.removeprefix("beam"))
        options = DecodingOptions(
            beam_size=beams,
            length_penalty=0.0 if name == "beam1" and served.name != "opus" else 1.0,
            max_length=decoding.max_length,
            length_ratio=decoding.length_ratio,
            length_margin=decoding.length_margin,
        )
        futures = served.translator.engine.submit_all([(ids, options) for ids in served.sources])
        for future, rows in zip(futures, golden, strict=True):
            found = future.result()
            expected = [tuple(token for token in row["ids"] if token) for row in rows]
            assert [hypothesis.ids for hypothesis in found] == expected
            scores = [hypothesis.score for hypothesis in found]
            assert np.allclose(scores, [row["score"] for row in rows], rtol=SCORE, atol=SCORE)


def test_the_same_texts_come_out_of_bergamot(served: Served) -> None:
    """It decodes as Firefox does: one beam, the longest length by the source's."""
    texts = goldens("bergamot")["cases"].get(served.name)
    if texts is None:
        pytest.skip("bergamot does not run it")
    vocabulary = processor(vocabularies(CASES[served.name])[-1])
    futures = [served.translator.engine.submit(ids) for ids in served.sources]
    found = [vocabulary.decode(list(future.result()[0].ids)) for future in futures]
    # It may choose control characters, which Marian itself does not.
    compared = [i for i, text in enumerate(texts) if not CONTROL.search(text)]
    assert [found[i] for i in compared] == [texts[i] for i in compared]
    assert len(compared) >= 3
