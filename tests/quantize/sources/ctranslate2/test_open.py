"""CTranslate2's models against CTranslate2: the same log-probabilities, tokens, beams and texts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.errors import UserError
from pipeline.tokenizers import load_tokenizer
from pipeline.translator import Translator
from quantize.bundles.build import build
from quantize.int8.recipes import load_recipe
from quantize.sources import open_source
from tests.quantize.sources.ctranslate2.models import NAMES, golden, model


class Pair:
    """A float32 bundle of a model, served, and what CTranslate2 answers."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.golden = name, golden(name)
        self.source = model(name, folder)
        build(self.source, load_recipe("fp32"), folder / "bundle")
        self.served = Translator.load(folder / "bundle")
        bundle = self.served.bundle
        entry: Any = bundle.manifest.tokenizer
        self.source_ids = json.loads(bundle.file(entry.source_ids).read_bytes())
        self.target_ids = json.loads(bundle.file(entry.target_ids).read_bytes())
        self.sources = [[self.source_ids[one] for one in row] for row in self.golden["sources"]]

    def targets(self, rows: list[list[str]]) -> list[tuple[int, ...]]:
        return [tuple(self.target_ids[token] for token in row) for row in rows]


@pytest.fixture(scope="module", params=NAMES)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    made = Pair(request.param, tmp_path_factory.mktemp(request.param))
    yield made
    made.served.close()


def test_given_translations_are_as_probable(pair: Pair) -> None:
    sessions = pair.served.engine.sessions
    targets = pair.targets(pair.golden["targets"])
    found = forced_logprobs(sessions, pair.sources, targets)
    for ours, theirs in zip(found, pair.golden["log_probs"], strict=True):
        assert np.abs(ours - theirs).max() <= 2e-5


@pytest.mark.parametrize("place", range(6))
def test_searches_find_the_same(pair: Pair, place: int) -> None:
    """The first of them is greedy."""
    search = pair.golden["searches"][place]
    found = pair.served.nbest(
        pair.sources,
        beam_size=search["beam"],
        length_penalty=search["penalty"],
        max_length=search["longest"],
    )
    for ours, tokens, scores in zip(found, search["hypotheses"], search["scores"], strict=True):
        ours = ours[: len(tokens)]
        assert [one.ids for one in ours] == pair.targets(tokens)
        assert [one.score for one in ours] == pytest.approx(scores, rel=1e-5, abs=1e-4)


def test_sentences_end_at_many_lengths() -> None:
    """The comparisons above would show little if none ended before the limit, or all at once."""
    for name in NAMES:
        greedy = golden(name)["searches"][0]["hypotheses"]
        assert len({len(one) for (one,) in greedy}) >= 4
