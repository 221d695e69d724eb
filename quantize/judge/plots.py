"""The report's plots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from quantize.judge.results import Result


def draw(results: Mapping[str, Result], folder: Path) -> list[Path]:
    """Write the plots into `folder`, which exists; returns their paths."""
    plots = {
        "quality-speed.png": _quality_and_speed,
        "size-memory.png": _sizes,
        "scores.png": _scores,
    }
    return [plot(results, folder / name) for name, plot in plots.items()]


def _quality_and_speed(results: Mapping[str, Result], path: Path) -> Path:
    figure, axes = plt.subplots(figsize=(8, 5))
    for name, result in results.items():
        if result.speed is None:
            continue
        x, y = result.speed.vs_fp32, result.delta_logp
        reach = [[x - result.speed.lowest], [result.speed.highest - x]]
        axes.errorbar(x, y, xerr=reach, fmt="o" if result.gate.passed else "x", capsize=2)
        axes.annotate(name, (x, y), textcoords="offset points", xytext=(5, 5), fontsize=8)
    axes.set_xlabel("speed against fp32 (bars: range of the rounds)")
    axes.set_ylabel("mean |Δ log p| a token (lower is closer to fp32)")
    axes.set_title("Quality against speed (×: fails the gate)")
    return _save(figure, path)


def _sizes(results: Mapping[str, Result], path: Path) -> Path:
    figure, axes = plt.subplots(figsize=(8, 5))
    places = range(len(results))
    files = [result.size_bytes / 1e6 for result in results.values()]
    memory = [result.peak_rss_bytes / 1e6 for result in results.values()]
    axes.barh([place - 0.2 for place in places], files, 0.4, label="files")
    axes.barh([place + 0.2 for place in places], memory, 0.4, label="peak memory")
    axes.set_yticks(list(places), list(results))
    axes.invert_yaxis()
    axes.set_xlabel("MB")
    axes.legend()
    return _save(figure, path)


def _scores(results: Mapping[str, Result], path: Path) -> Path:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), sharey=True)
    places = range(len(results))
    sets = next(iter(results.values())).quality.sets
    for axes, key, title in ((left, "bleu", "BLEU"), (right, "chrf", "chrF++")):
        for index, test in enumerate(sets):
            values = [getattr(result.quality.sets[test], key) for result in results.values()]
            axes.barh([place + (index - 1) * 0.27 for place in places], values, 0.25, label=test)
        axes.set_xlabel(getattr(sets["pooled"], f"{key}_signature"), fontsize=7)
        axes.set_title(title)
    left.set_yticks(list(places), list(results))
    left.invert_yaxis()
    right.legend()
    return _save(figure, path)


def _save(figure: Figure, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return path
