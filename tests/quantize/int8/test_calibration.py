"""Ranges and Hessians from real decoding."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.decode.batch import Batch
from pipeline.decode.engine import default_options
from quantize.bundles.build import build
from quantize.bundles.drafts import Drafts
from quantize.int8 import calibration
from quantize.int8.recipes import load_recipe
from quantize.sources.base import Source
from quantize.sources.marian import open_marian
from quantize.sources.trained import open_trained
from tests.quantize.sources.random_marian import marian_model

pytestmark = pytest.mark.quantize
FOLDER = resolve(DEFAULT_MODEL) / "source"


@pytest.fixture(scope="module")
def source() -> Source:
    return open_trained(FOLDER)


def test_calibration_sees_every_product_at_every_step_of_every_beam(
    source: Source, tmp_path: Path
) -> None:
    seen = Drafts(source, tmp_path, lines=source.calibration[:6]).observations
    products = {"encoder.0.attn.qkv", "semantic.0.ffn.inner", "decoder.1.cross_attn.kv", "logits"}
    assert products <= set(seen.histograms)
    assert set(seen.hessians) == set(seen.histograms)
    width, logits = source.network.hidden_size, seen.histograms["logits"]
    rows = logits.counts.sum() / width
    assert rows % 4 == 0  # beams
    assert rows / 4 > seen.sentences * 4  # steps
    assert seen.histograms["encoder.0.attn.qkv"].counts.sum() < rows * width  # once a source token
    largest = max(map(abs, logits.range(100)))
    assert 0 < np.trace(seen.hessians["logits"]) <= rows * width * largest**2


def test_few_sentences_are_warned_of_and_calibrated_on_once(source: Source, tmp_path: Path) -> None:
    reports: list[str] = []
    lines = source.calibration[:6]
    found = Drafts(source, tmp_path, lines=lines, report=reports.append).observations
    assert any("calibration on" in text and "at least 500" in text for text in reports)
    reports.clear()
    again = Drafts(source, tmp_path, lines=lines, report=reports.append).observations
    assert again.range("logits", 99) == found.range("logits", 99)
    assert not reports


def test_a_static_bundle_carries_its_ranges(source: Source, tmp_path: Path) -> None:
    lines = source.calibration[:120]
    bundle = build(FOLDER, load_recipe("static-63-gptq"), tmp_path / "static", lines=lines)
    assert bundle.manifest.gate is not None
    assert bundle.manifest.gate.passed
    ranges = json.loads(bundle.file("calibration.json").read_text(encoding="utf-8"))
    assert ranges["sentences"] >= 100
    low, high = ranges["ranges"]["logits"]["used"]
    assert low < 0 < high


def test_a_model_that_never_ends_is_cut_and_its_calibration_moves_from_the_first_second(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Batch.run

    def slow(batch: Batch) -> None:
        time.sleep(0.01)
        run(batch)

    monkeypatch.setattr(Batch, "run", slow)
    monkeypatch.setattr(calibration, "SHOWN_EVERY_S", 0.001)
    marian_model(tmp_path / "model", end_bias=-1000.0, max_position_embeddings=512)
    shown: list[tuple[int, int]] = []
    endless = open_marian(tmp_path / "model")
    drafts = Drafts(
        endless,
        tmp_path / "drafts",
        lines=source.calibration[:12],
        show=lambda stage, *counts: shown.append(counts) if stage == "calibration" else None,
    )
    logits = drafts.observations.histograms["logits"]
    rows = logits.counts.sum() / endless.network.hidden_size
    done, totals = [at for at, _ in shown], {total for _, total in shown}
    assert len(totals) == 1
    assert done == sorted(done)
    assert done[-1] == shown[0][1] < 12 * 200
    assert any(0 < at < done[-1] / 2 for at in done)
    assert rows == done[-1] * endless.decoding.beam_size


def test_the_default_models_calibration_is_bounded_by_the_model_itself() -> None:
    options = default_options(Bundle.load(DEFAULT_MODEL).manifest.decoding)
    for length in range(1, 97):
        assert calibration.bounded(options, length).limit(length) == options.limit(length)
