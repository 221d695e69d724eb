"""What calibration found: histograms and Hessians of the products' inputs, by product."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from quantize.network import Array

OBSERVED = "observed:"  # begins the name of a graph's output that calibration reads
SEPARATOR = "|"  # parts the products that read it, in that name
BINS = 4096
# Of a range: last bits differ between kinds of CPU, and would change every hash.
SIGNIFICANT_DIGITS = 4


class Histogram:
    """Values in BINS equal bins over ±limit, a power of two that doubles where values need it.

    Doubling merges pairs of bins, so the counts do not depend on the order in which values come.
    """

    def __init__(self) -> None:
        self.limit = 2.0**-10
        self.counts = np.zeros(BINS, np.int64)
        self.low, self.high = np.inf, -np.inf

    def add(self, values: Array) -> None:
        """Count the values, of any shape."""
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))
        while max(-self.low, self.high) >= self.limit:
            self._double()
        # The factor is a power of two, so the product is exact and no edge moves.
        places = np.floor(values.ravel() * np.float32(BINS / 2 / self.limit)).astype(np.int32)
        self.counts += np.bincount(places + BINS // 2, minlength=BINS)

    def _double(self) -> None:
        merged = self.counts.reshape(-1, 2).sum(axis=1)
        self.counts = np.zeros(BINS, np.int64)
        self.counts[BINS // 4 : 3 * BINS // 4] = merged
        self.limit *= 2

    def range(self, percentile: float) -> tuple[float, float]:
        """Smallest and largest value; below 100, of the middle `percentile`, to a bin's width."""
        if percentile == 100:
            return self.low, self.high
        below = np.cumsum(self.counts) / self.counts.sum()
        tail = (100 - percentile) / 200
        edges = np.linspace(-self.limit, self.limit, BINS + 1)
        low = float(edges[np.searchsorted(below, tail, side="right")])
        high = float(edges[np.searchsorted(below, 1 - tail) + 1])
        return max(self.low, low), min(self.high, high)


@dataclass(frozen=True)
class Observations:
    """Of one calibration run, by the names of products."""

    sentences: int
    histograms: dict[str, Histogram]
    # Xᵀ·X [in, in] of each product's inputs X [rows, in].
    hessians: dict[str, Array] = field(default_factory=dict)

    def range(self, product: str, percentile: float) -> tuple[float, float]:
        """Bounds of the product's input, rounded to SIGNIFICANT_DIGITS."""
        low, high = self.histograms[product].range(percentile)
        return _rounded(low), _rounded(high)

    def write_ranges(self, path: Path, percentile: float) -> None:
        """Write the ranges that a bundle was built with, beside those of all values."""
        ranges = {
            product: {"used": self.range(product, percentile), "all": self.range(product, 100)}
            for product in sorted(self.histograms)
        }
        text = {"sentences": self.sentences, "percentile": percentile, "ranges": ranges}
        path.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")

    def save(self, path: Path) -> None:
        """Write everything, for `load` in a later run."""
        arrays: dict[str, Array] = {"sentences": np.array(self.sentences)}
        for product, found in self.histograms.items():
            arrays[f"counts:{product}"] = found.counts
            arrays[f"bounds:{product}"] = np.array([found.limit, found.low, found.high])
        arrays |= {f"hessian:{product}": hessian for product, hessian in self.hessians.items()}
        np.savez(path, allow_pickle=False, **arrays)

    @staticmethod
    def load(path: Path) -> Observations:
        """What `save` wrote; raises UserError for any other file."""
        try:
            with np.load(path) as archive:
                arrays = {name: archive[name] for name in archive.files}
            histograms = {
                product: _histogram(counts, arrays[f"bounds:{product}"])
                for product, counts in _of_kind("counts:", arrays).items()
            }
            hessians = _of_kind("hessian:", arrays)
            return Observations(int(arrays["sentences"]), histograms, hessians)
        except (OSError, KeyError, ValueError):
            raise UserError(f"{path} is damaged: remove it, and it is made again") from None


def _of_kind(prefix: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _histogram(counts: Array, bounds: Array) -> Histogram:
    histogram = Histogram()
    histogram.counts = counts
    histogram.limit, histogram.low, histogram.high = map(float, bounds)
    return histogram


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
