"""report.md, report.json and plots in a bundle's folder: what each recipe costs and buys."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from quantize.judge import scores
from quantize.judge.decode import Output
from quantize.judge.plots import draw
from quantize.judge.results import Result, choose, most_faithful
from quantize.judge.sets import TestSet

WORST = 20
Results = Mapping[str, Result]


def write_report(
    folder: Path,
    winner: str,
    results: Results,
    sets: Sequence[TestSet],
    expected: Mapping[str, Sequence[Output]],
    found: Mapping[str, Sequence[Output]],
) -> None:
    """Into the bundle's folder; `expected` and `found` are fp32's and the winner's outputs."""
    measured_on = machine(("numpy", "onnx", "onnxruntime", "sacrebleu"))
    data = {
        **measured_on,
        "chosen": winner,
        "recipes": {name: _numbers(result) for name, result in results.items()},
    }
    (folder / "report.json").write_text(
        json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "report").mkdir(exist_ok=True)
    plots = draw(results, folder / "report")
    parts = [
        _head(winner, results, measured_on),
        _table(results),
        _sets(results),
        _faults(results),
        _failures(results),
    ]
    parts += ["\n".join(f"![{path.stem}](report/{path.name})" for path in plots)]
    parts += [_worst(winner, sets, expected, found)]
    (folder / "report.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def cpu_name() -> str:
    """The CPU and the widest instructions that INT8 products can use on it."""
    path = Path("/proc/cpuinfo")
    text = path.read_text() if path.exists() else ""
    fields = dict(line.split("\t", 1) for line in text.splitlines() if "\t" in line)
    name = (
        fields.get("model name", f"\t: {platform.processor() or 'unknown'}")
        .split(":", 1)[1]
        .strip()
    )
    flags = set(text.split())
    kind = next(
        (kind for kind in ("avx512_vnni", "avx_vnni", "avx2") if kind in flags), platform.machine()
    )
    return f"{name} ({kind})"


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """What figures were measured on: the system, the CPU, and the versions of `packages` and of
    Python.
    """
    versions = {name: version(name) for name in packages} | {"python": platform.python_version()}
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_name(),
        "versions": versions,
    }


def table_rows(results: Results) -> tuple[list[str], list[list[str]]]:
    """The summary, for the report and for the terminal."""
    head = [
        "recipe",
        "speed",
        "MB",
        "peak MB",
        "ΔBLEU (95 %)",
        "ΔchrF++",
        "same",
        "chrF++ to fp32",
        "|Δ log p|",
    ]
    head += ["best changed", "batch-invariant", "loops", "gate"]
    rows = []
    for name, result in results.items():
        pooled, quality, speed = result.quality.sets["pooled"], result.quality, result.speed
        faithful = quality.faithfulness
        rows.append(
            [
                name,
                f"{speed.vs_fp32:.2f}× ({speed.lowest:.2f}–{speed.highest:.2f})" if speed else "",
                f"{result.size_bytes / 1e6:.1f}",
                f"{result.peak_rss_bytes / 1e6:.0f}",
                f"{pooled.delta_bleu:+.2f} ({pooled.delta_bleu_lower95:+.2f} … {pooled.delta_bleu_upper95:+.2f})",
                f"{pooled.delta_chrf:+.2f} (≥ {pooled.delta_chrf_lower95:+.2f})",
                f"{quality.exact_match:.1%}",
                f"{quality.likeness:.1f}",
                f"{faithful.delta_logp:.4f}",
                f"{faithful.best_changed:.2%}",
                f"{faithful.batch_invariant:.0%}",
                f"{quality.faults['loops'].count}",
                "passed" if result.gate.passed else "failed",
            ]
        )
    return head, rows


def verdict(winner: str, results: Results) -> str:
    """Why this recipe, and what the most faithful one would cost."""
    faithful = most_faithful(results)
    text = f"**{winner}** is the fastest recipe that passes the gate"
    text += "." if choose(results) == winner else ": forced, as none passes."
    if faithful is None or faithful == winner:
        return text
    mine, other = results[winner], results[faithful]
    if mine.speed is None or other.speed is None:
        return text
    cost = mine.speed.vs_fp32 / other.speed.vs_fp32 - 1
    gain = 1 - other.quality.faithfulness.delta_logp / mine.quality.faithfulness.delta_logp
    return f"{text} The most faithful, {faithful}, takes {cost:+.0%} CPU time for {gain:.0%} less |Δ log p|."


def _numbers(result: Result) -> dict[str, Any]:
    quality, speed = result.quality, result.speed
    return {
        "size_bytes": result.size_bytes,
        "peak_rss_bytes": result.peak_rss_bytes,
        "speed_vs_fp32": speed.vs_fp32 if speed else None,
        "speed": speed.model_dump() if speed else None,
        "batch_invariant": quality.faithfulness.batch_invariant == 1,
        "exact_match": quality.exact_match,
        "chrf_to_fp32": quality.likeness,
        "delta_logp": quality.faithfulness.delta_logp,
        "best_changed": quality.faithfulness.best_changed,
        "loops": quality.faults["loops"].count,
        "faults": {name: counted.model_dump() for name, counted in quality.faults.items()},
        "sets": {name: found.model_dump() for name, found in quality.sets.items()},
        "settings": result.recipe.model_dump(),
        "gate": result.gate.model_dump(),
    }


def _head(winner: str, results: Results, measured_on: Mapping[str, Any]) -> str:
    base, chosen = results["fp32"], results[winner]
    size, peak = (
        1 - getattr(chosen, key) / getattr(base, key) for key in ("size_bytes", "peak_rss_bytes")
    )
    versions = ", ".join(f"{name} {number}" for name, number in measured_on["versions"].items())
    return (
        f"# Quantisation report\n\n{verdict(winner, results)} Against float32 it is {size:.0%} smaller on disk and "
        f"takes {peak:.0%} less memory at its peak.\n\nMeasured on {measured_on['cpu']}, one thread, with the serving "
        f"engine; {versions}. Speed: CPU time of fp32 ÷ the recipe's, in turn within one run, median and range of "
        "the rounds. Peak: resident memory of a process that opens the bundle and translates, Python included. What "
        "the columns mean and where the gate's limits come from: docs/quantisation.md."
    )


def _table(results: Results) -> str:
    return "## Recipes\n\n" + _markdown(*table_rows(results))


def _sets(results: Results) -> str:
    names = list(next(iter(results.values())).quality.sets)
    head = ["recipe", *(f"{name} {metric}" for name in names for metric in ("BLEU", "chrF++"))]
    rows = []
    for name, result in results.items():
        pairs = [result.quality.sets[test] for test in names]
        rows.append([name, *(f"{value:.2f}" for pair in pairs for value in (pair.bleu, pair.chrf))])
    one = results["fp32"].quality.sets["pooled"]
    signed = f"BLEU `{one.bleu_signature}`, chrF++ `{one.chrf_signature}`; differences: paired bootstrap, "
    return f"## Scores\n\n{_markdown(head, rows)}\n\n{signed}{scores.RESAMPLES} samples."


def _faults(results: Results) -> str:
    names = list(results["fp32"].quality.faults)
    rows = []
    for name, result in results.items():
        counted = [result.quality.faults[fault] for fault in names]
        rows.append([name, *(f"{f.count} (+{f.only_here} −{f.only_fp32})" for f in counted)])
    text = "Sentences with a fault; in brackets those that only the recipe has, and only fp32."
    return f"## Faults\n\n{text}\n\n{_markdown(['recipe', *names], rows)}"


def _failures(results: Results) -> str:
    lines = [
        f"- {name}: {reason}" for name, result in results.items() for reason in result.gate.failures
    ]
    return "## Why recipes failed\n\n" + ("\n".join(lines) or "None did.")


def _worst(
    winner: str,
    sets: Sequence[TestSet],
    expected: Mapping[str, Sequence[Output]],
    found: Mapping[str, Sequence[Output]],
) -> str:
    """The sentences whose translation lost most chrF++ against its reference."""
    metric, losses = scores.chrf(), []
    for test in sets:
        for truth, base, mine in zip(
            test.references, expected[test.name], found[test.name], strict=True
        ):
            if base.text != mine.text:
                loss = (
                    metric.sentence_score(mine.text, [truth]).score
                    - metric.sentence_score(base.text, [truth]).score
                )
                losses.append((loss, base.source, base.text, mine.text))
    losses.sort()
    rows = [[f"{loss:+.1f}", source, base, mine] for loss, source, base, mine in losses[:WORST]]
    table = _markdown(["ΔchrF++", "source", "fp32", winner], rows)
    return f"## The {len(rows)} worst differences\n\n{table}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
