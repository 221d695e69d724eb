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
    """PNG files in `folder`, which exists."""
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
        x, y = result.speed.vs_fp32, result.quality.faithfulness.delta_logp
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
    axes.barh(
        [p - 0.2 for p in places],
        [r.size_bytes / 1e6 for r in results.values()],
        0.4,
        label="files",
    )
    axes.barh(
        [p + 0.2 for p in places],
        [r.peak_rss_bytes / 1e6 for r in results.values()],
        0.4,
        label="peak memory",
    )
    axes.set_yticks(list(places), list(results))
    axes.invert_yaxis()
    axes.set_xlabel("MB")
    axes.legend()
    return _save(figure, path)


def _scores(results: Mapping[str, Result], path: Path) -> Path:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), sharey=True)
    places = range(len(results))
    for axes, key in ((left, "bleu"), (right, "chrf")):
        tests = list(next(iter(results.values())).quality.sets)
        for index, test in enumerate(tests):
            values = [getattr(result.quality.sets[test], key) for result in results.values()]
            axes.barh([p + (index - 1) * 0.27 for p in places], values, 0.25, label=test)
        one = next(iter(results.values())).quality.sets["pooled"]
        axes.set_xlabel(getattr(one, f"{key}_signature"), fontsize=7)
        axes.set_title({"bleu": "BLEU", "chrf": "chrF++"}[key])
    left.set_yticks(list(places), list(results))
    left.invert_yaxis()
    right.legend()
    return _save(figure, path)


def _save(figure: Figure, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return path
