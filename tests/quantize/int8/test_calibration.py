"""Ranges and Hessians from real decoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError

pytestmark = pytest.mark.quantize
SOURCE = resolve(DEFAULT_MODEL) / "source"


def test_a_histograms_ranges_do_not_depend_on_the_order_of_values() -> None:
    from quantize.int8.observations import Histogram

    values = np.random.default_rng(0).standard_t(3, (50, 400)).astype(np.float32)
    found = []
    for order in (values, values[::-1], values.reshape(10, -1)):
        histogram = Histogram()
        for part in order:
            histogram.add(part)
        found.append((histogram.range(100), histogram.range(90), histogram.counts.tolist()))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == (values.min(), values.max())
    low, high = found[0][1]
    width = 2 * histogram.limit / len(histogram.counts)
    assert abs(low - np.percentile(values, 5)) <= 2 * width
    assert abs(high - np.percentile(values, 95)) <= 2 * width


def test_calibration_sees_every_product_at_every_step_of_every_beam(tmp_path: Path) -> None:
    from quantize.bundles.draft import Workshop
    from quantize.int8.observations import Observations
    from quantize.sources.training import load

    said: list[str] = []
    source = load(SOURCE)
    lines = source.calibration[:6]
    workshop = Workshop(source, tmp_path, lines=lines, report=said.append)
    seen = workshop.observations
    assert any(
        "calibration on" in text and "at least 500" in text for text in said
    )  # six are too few
    assert {
        "encoder.0.attn.qkv",
        "semantic.0.ffn.inner",
        "decoder.1.cross_attn.kv",
        "logits",
    } <= set(seen.histograms)
    assert set(seen.hessians) == set(seen.histograms)
    width = source.network.hidden_size
    rows = seen.histograms["logits"].counts.sum() / width
    assert rows % 4 == 0  # beams
    assert rows / 4 > seen.sentences * 4  # steps
    assert seen.histograms["encoder.0.attn.qkv"].counts.sum() < rows * width  # once a source token
    trace = np.trace(seen.hessians["logits"])
    assert 0 < trace <= rows * width * max(map(abs, seen.histograms["logits"].range(100))) ** 2
    assert Workshop(source, tmp_path, lines=lines).observations.range("logits", 99) == seen.range(
        "logits", 99
    )
    (tmp_path / "observations.npz").write_bytes(b"no archive")
    with pytest.raises(UserError, match="damaged"):
        Observations.load(tmp_path / "observations.npz")


def test_a_static_bundle_carries_its_ranges(tmp_path: Path) -> None:
    import json

    from quantize.bundles.build import build
    from quantize.int8.recipes import load_recipe
    from quantize.sources.training import load

    lines = load(SOURCE).calibration[:120]
    bundle = build(SOURCE, load_recipe("static-63-gptq"), tmp_path / "static", lines=lines)
    assert bundle.manifest.gate is not None
    assert bundle.manifest.gate.passed
    saved = json.loads(bundle.file("calibration.json").read_text())
    assert saved["sentences"] >= 100
    low, high = saved["ranges"]["logits"]["used"]
    assert low < 0 < high
