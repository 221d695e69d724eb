"""Ranges and Hessians from real decoding."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import DEFAULT_MODEL, resolve
from quantize.bundles.build import build
from quantize.bundles.drafts import Drafts
from quantize.int8.recipes import load_recipe
from quantize.sources.base import Source
from quantize.sources.trained import open_trained

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
