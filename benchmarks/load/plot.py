"""A picture of one state of the service, or of two beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.load.bounds import REFUSAL_P95_MS, goodput
from benchmarks.load.results import Found, Group, Run, Spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREEN, RED, GREY = "#2a7f62", "#c8553d", "#8a8f98"
APART = 0.17  # between the bars of one load


def draw(states: Sequence[Found], path: Path) -> None:
    """Goodput above, latencies below, a column a state; the kind of picture is the path's."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        2,
        len(states),
        figsize=(1.5 + 4.7 * len(states), 6.6),
        sharey="row",
        squeeze=False,
        height_ratios=(1, 1.5),
    )
    for column, found in enumerate(states):
        draw_goodput(axes[0][column], found)
        draw_latencies(axes[1][column], found)
    axes[0][0].set_ylabel("answered in time,\nof the capacity")
    axes[1][0].set_ylabel("milliseconds from when it was due")
    handles, labels = axes[1][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, dpi=130)
    plt.close(figure)


def draw_goodput(axis: Axes, found: Found) -> None:
    """A bar a load; one that misses its bound is red."""
    for place, run in enumerate(found.runs):
        axis.bar(place, run.goodput, width=0.55, color=RED if list(goodput(run)) else GREEN)
        axis.text(place, run.goodput + 0.03, f"{run.goodput:.2f}", ha="center", fontsize=9)
    axis.axhline(1, color=GREY, linewidth=0.8, linestyle=":")
    axis.set_title(f"{found.label}\ncapacity {found.capacity:.0f} requests a second", fontsize=11)
    axis.set_ylim(0, 1.25)
    finish(axis, found)


def draw_latencies(axis: Axes, found: Found) -> None:
    """A line from the median to the 99th percentile of answers and of refusals, a load."""
    for place, run in enumerate(found.runs):
        for shift, kind, group in places(run):
            named = place == 0
            draw_range(axis, place + shift - APART / 2, group.latency_ms, GREEN, "answered", named)
            draw_range(axis, place + shift + APART / 2, group.refusal_ms, RED, "refused", named)
            if len(run.groups) > 1:
                note = f"{kind}\n{group.share:.0%}"
                axis.text(
                    place + shift,
                    0.02,
                    note,
                    transform=axis.get_xaxis_transform(),
                    ha="center",
                    fontsize=8,
                )
    axis.set_yscale("log")
    axis.set_ylim(bottom=1)
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.axhline(REFUSAL_P95_MS, color=RED, linewidth=0.8, linestyle=":")
    axis.text(-0.55, REFUSAL_P95_MS * 0.68, f"{REFUSAL_P95_MS} ms: bound of refusals", fontsize=8)
    finish(axis, found)


def places(run: Run) -> list[tuple[float, str, Group]]:
    """The classes of a load, beside each other."""
    groups = list(run.groups.items())
    start = -(len(groups) - 1) / 2
    return [(2 * APART * (start + n), kind, group) for n, (kind, group) in enumerate(groups)]


def draw_range(
    axis: Axes, place: float, spread: Spread | None, color: str, name: str, named: bool
) -> None:
    """Median, 95th and 99th percentile; nothing of nothing. The first of a kind is named."""
    points = [] if spread is None else [spread.p50, spread.p95, spread.p99]
    label = f"{name}: p50 ●, p95 –, p99 ×" if named else None
    axis.plot([place] * len(points), points, color=color, linewidth=2.2, alpha=0.45, label=label)
    for value, marker in zip(points, "o_x", strict=False):
        axis.plot([place], [value], marker=marker, color=color, markersize=8, markeredgewidth=2)


def finish(axis: Axes, found: Found) -> None:
    """The loads along the bottom, and no frame above."""
    names = [run.name.replace(" of half, ", " of half\n") for run in found.runs]
    axis.set_xticks(range(len(names)), names)
    axis.set_xlim(-0.6, len(names) - 0.4)
    axis.grid(axis="y", color="#e6e8eb", linewidth=0.7)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
