"""The rows as JSON, as a table and as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.engines.bergamot import VERSION
from benchmarks.engines.entrants import BERGAMOT, OURS, SHORTLIST
from quantize.machine import describe

PACKAGES = (
    "onnxruntime",
    "numpy",
    "ctranslate2",
    "optimum",
    "optimum-onnx",
    "torch",
    "transformers",
)


HEAD = (
    "model",
    "engine",
    "batch",
    "beam",
    "lengths",
    "CPU ms (range)",
    "wall ms",
    "× peer",
    "peak MB",
    "disk MB",
)


@dataclass(frozen=True)
class Row:
    """One engine's figures of one kind of work; times are milliseconds a sentence."""

    model: str
    engine: str
    recipe: str
    batch: int | None
    beam: int
    lengths: str
    cpu_ms: float
    cpu_ms_range: tuple[float, float]
    wall_ms: float
    peer: str | None = None  # the engine that it is compared with
    vs_peer: float | None = None  # the peer's CPU time : this one's, by rounds of one run
    vs_peer_range: tuple[float, float] | None = None
    vs_batches: float | None = None
    peak_rss_mb: float | None = None
    disk_mb: float | None = None

    @property
    def label(self) -> str:
        """The engine, and which of ours it is."""
        return f"{self.engine} {self.recipe}" if self.engine == OURS else self.engine


def write_json(rows: Sequence[Row], path: Path) -> None:
    """Write all rows, and what they were measured on."""
    found = describe(PACKAGES) | {"rows": [asdict(row) for row in rows]}
    if any(row.engine in (BERGAMOT, SHORTLIST) for row in rows):
        found["versions"]["bergamot"] = VERSION
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Head and cells, as text."""
    return [list(HEAD), *(_cells(row) for row in rows)]


def _cells(row: Row) -> list[str]:
    low, high = row.cpu_ms_range
    ratio = _ratio(row.vs_peer, row.vs_peer_range)
    if row.vs_batches is not None:
        ratio = f"{row.vs_batches:.2f} × batches"
    cells = [row.model, row.label, str(row.batch or "mixed"), str(row.beam), row.lengths]
    cells += [f"{row.cpu_ms:.1f} ({low:.1f}–{high:.1f})", f"{row.wall_ms:.1f}", ratio]
    return cells + ["" if x is None else f"{x:.0f}" for x in (row.peak_rss_mb, row.disk_mb)]


def _ratio(median: float | None, bounds: tuple[float, float] | None) -> str:
    if median is None or bounds is None:
        return ""
    return f"{median:.2f} ({bounds[0]:.2f}–{bounds[1]:.2f})"


def draw(rows: Sequence[Row], path: Path) -> None:
    """CPU time a sentence of every engine by batch size, a panel a model, beam and length."""
    import matplotlib.pyplot as plt

    timed = [row for row in rows if row.batch]
    panels = list(dict.fromkeys((row.model, row.beam, row.lengths) for row in timed))
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.6), squeeze=False)
    for axis, (model, beam, lengths) in zip(axes[0], panels, strict=True):
        own = [row for row in timed if (row.model, row.beam, row.lengths) == (model, beam, lengths)]
        for label in dict.fromkeys(row.label for row in own):
            points = [(row.batch, row.cpu_ms) for row in own if row.label == label]
            axis.plot(*zip(*points, strict=True), marker="o", label=label)
        axis.set(
            title=f"{model}, beam {beam}, {lengths}",
            xlabel="sentences at once",
            xscale="log",
            yscale="log",
        )
        ticks = sorted({row.batch for row in own if row.batch})
        axis.set_xticks(ticks, map(str, ticks))
        axis.minorticks_off()
    axes[0][0].set_ylabel("CPU milliseconds a sentence")
    axes[0][0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
