"""What calibration found: histograms and Hessians of the products' inputs, by the products' names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from quantize.int8.plan import Array

BINS = 4096
# significant ones of a range: last bits differ between kinds of CPU, and would change every hash
DIGITS = 4


class Histogram:
    """Values in BINS equal bins over ±limit, a power of two that doubles as values ask for it.

    Doubling merges pairs of bins, so the counts do not depend on the order in which values come.
    """

    def __init__(self) -> None:
        self.limit = 2.0**-10
        self.counts = np.zeros(BINS, np.int64)
        self.low, self.high = np.inf, -np.inf

    def add(self, values: Array) -> None:
        self.low, self.high = (
            min(self.low, float(values.min())),
            max(self.high, float(values.max())),
        )
        while max(-self.low, self.high) >= self.limit:
            self._double()
        per_unit = np.float32(
            BINS / 2 / self.limit
        )  # a power of two: the product is exact, so no edge moves
        places = np.floor(values.ravel() * per_unit).astype(np.int32) + BINS // 2
        self.counts += np.bincount(places, minlength=BINS)

    def _double(self) -> None:
        merged = self.counts.reshape(-1, 2).sum(axis=1)
        self.counts = np.zeros(BINS, np.int64)
        self.counts[BINS // 4 : 3 * BINS // 4] = merged
        self.limit *= 2

    def range(self, percentile: float) -> tuple[float, float]:
        """Smallest and largest value.

        Or, below 100, of the middle `percentile` of all, to a bin's width.
        """
        if percentile == 100:
            return self.low, self.high
        below = np.cumsum(self.counts) / self.counts.sum()
        tail = (100 - percentile) / 200
        edges = np.linspace(-self.limit, self.limit, BINS + 1)
        low, high = (
            edges[np.searchsorted(below, tail, side="right")],
            edges[np.searchsorted(below, 1 - tail) + 1],
        )
        return max(self.low, float(low)), min(self.high, float(high))


@dataclass(frozen=True)
class Observations:
    sentences: int
    histograms: dict[str, Histogram]
    hessians: dict[str, Array] = field(default_factory=dict)

    def range(self, name: str, percentile: float) -> tuple[float, float]:
        """Bounds of the product's input, rounded to DIGITS."""
        low, high = self.histograms[name].range(percentile)
        return _rounded(low), _rounded(high)

    def write_ranges(self, path: Path, percentile: float) -> None:
        """The ranges that a bundle was built with, beside those of all values."""
        names = sorted(self.histograms)
        ranges = {
            name: {"used": self.range(name, percentile), "all": self.range(name, 100)}
            for name in names
        }
        text = {"sentences": self.sentences, "percentile": percentile, "ranges": ranges}
        path.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")

    def save(self, path: Path) -> None:
        """Everything, for a later run (`load`)."""
        arrays: dict[str, Array] = {"sentences": np.array(self.sentences)}
        for name, found in self.histograms.items():
            arrays[f"counts:{name}"] = found.counts
            arrays[f"bounds:{name}"] = np.array([found.limit, found.low, found.high])
        arrays |= {f"hessian:{name}": hessian for name, hessian in self.hessians.items()}
        np.savez(path, allow_pickle=False, **arrays)

    @staticmethod
    def load(path: Path) -> Observations:
        """Raises UserError for a file that `save` did not write."""
        try:
            with np.load(path) as arrays:
                parts = {name: arrays[name] for name in arrays.files}
            histograms = {}
            for name in (key.removeprefix("counts:") for key in parts if key.startswith("counts:")):
                histogram = histograms[name] = Histogram()
                histogram.counts = parts[f"counts:{name}"]
                histogram.limit, histogram.low, histogram.high = map(float, parts[f"bounds:{name}"])
            hessians = {
                key.removeprefix("hessian:"): parts[key]
                for key in parts
                if key.startswith("hessian:")
            }
            return Observations(int(parts["sentences"]), histograms, hessians)
        except (OSError, KeyError, ValueError):
            raise UserError(f"{path} is damaged: remove it, and it is made again") from None


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
