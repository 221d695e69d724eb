"""What calibration keeps of a product's inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from quantize.int8.observations import Histogram, Observations


def test_a_histograms_ranges_do_not_depend_on_the_order_of_values() -> None:
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


def test_observations_are_the_same_when_they_are_read_again(tmp_path: Path) -> None:
    histogram, rows = Histogram(), np.random.default_rng(0).normal(size=(30, 8))
    histogram.add(rows)
    found = Observations(3, {"a.q": histogram, "b": histogram}, {"a.q": rows.T @ rows})
    found.save(tmp_path / "observations.npz")
    again = Observations.load(tmp_path / "observations.npz")
    assert again.sentences == 3
    assert list(again.histograms) == ["a.q", "b"]
    assert again.range("a.q", 99) == found.range("a.q", 99)
    assert np.array_equal(again.hessians["a.q"], found.hessians["a.q"])


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "observations.npz").write_bytes(b"no archive")
    with pytest.raises(UserError, match="damaged"):
        Observations.load(tmp_path / "observations.npz")
