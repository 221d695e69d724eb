"""The summary of all recipes as a table, for the report and for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quantize.judge.results import Result, choose, most_faithful
from quantize.machine import cpu_name

Results = Mapping[str, Result]
HEAD = (
    "recipe",
    "speed",
    "MB",
    "peak MB",
    "ΔBLEU (95 %)",
    "ΔchrF++",
    "same",
    "chrF++ to fp32",
    "|Δ log p|",
    "best changed",
    "batch-invariant",
    "loops",
    "gate",
)
ESSENTIAL = ("recipe", "speed", "ΔBLEU (95 %)", "|Δ log p|", "gate")
WIDE = 170  # columns of a terminal that has room for the whole table


def summary(results: Results) -> list[list[str]]:
    """A row for each recipe, with a cell for each name in HEAD."""
    return [_row(name, result) for name, result in results.items()]


def _row(name: str, result: Result) -> list[str]:
    pooled, quality, speed = result.quality.sets["pooled"], result.quality, result.speed
    bounds = f"{pooled.delta_bleu_lower95:+.2f} … {pooled.delta_bleu_upper95:+.2f}"
    return [
        name,
        f"{speed.vs_fp32:.2f}× ({speed.lowest:.2f}–{speed.highest:.2f})" if speed else "",
        f"{result.size_bytes / 1e6:.1f}",
        f"{result.peak_rss_bytes / 1e6:.0f}",
        f"{pooled.delta_bleu:+.2f} ({bounds})",
        f"{pooled.delta_chrf:+.2f} (≥ {pooled.delta_chrf_lower95:+.2f})",
        f"{quality.exact_match:.1%}",
        f"{quality.likeness:.1f}",
        f"{result.delta_logp:.4f}",
        f"{quality.faithfulness.best_changed:.2%}",
        f"{quality.faithfulness.batch_invariant:.0%}",
        f"{quality.faults['loops'].count}",
        "passed" if result.gate.passed else "failed",
    ]


def reason(winner: str, results: Results) -> str:
    """Why this recipe, and what the most faithful one would cost, in Markdown."""
    faithful = most_faithful(results)
    text = f"**{winner}** is the fastest recipe that passes the gate"
    text += "." if choose(results) == winner else ": forced, as none passes."
    if faithful is None or faithful == winner:
        return text
    chosen, other = results[winner], results[faithful]
    if chosen.speed is None or other.speed is None:
        return text
    cost = chosen.speed.vs_fp32 / other.speed.vs_fp32 - 1
    gain = 1 - other.delta_logp / chosen.delta_logp
    return (
        f"{text} The most faithful, {faithful}, takes {cost:+.0%} CPU time for {gain:.0%} less "
        "|Δ log p|."
    )


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def show_table(winner: str, results: Results) -> None:
    """Print the summary, or its essential columns where the terminal is narrow."""
    from rich.console import Console  # the command alone needs it
    from rich.table import Table

    console = Console()
    shown = [i for i, name in enumerate(HEAD) if console.width >= WIDE or name in ESSENTIAL]
    table = Table(*(HEAD[i] for i in shown), title=f"on {cpu_name()}")
    for row in summary(results):
        table.add_row(*(row[i] for i in shown), style="bold" if row[0] == winner else None)
    console.print(table)
    console.print(reason(winner, results).replace("**", ""), highlight=False)
