"""report.md, report.json and plots in a bundle's folder: what each recipe costs and buys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quantize.judge import scores
from quantize.judge.plots import draw
from quantize.judge.results import Result
from quantize.judge.tables import HEAD, Results, markdown, reason, summary
from quantize.machine import describe
from quantize.sentences import TestSet

LIBRARIES = ("numpy", "onnx", "onnxruntime", "sacrebleu")  # whose versions the report states
WORST = 20  # sentences that the report shows


def write_report(
    folder: Path,
    winner: str,
    results: Results,
    sets: Sequence[TestSet],
    expected: scores.Outputs,
    found: scores.Outputs,
) -> None:
    """Write it into the bundle's folder; `expected` and `found` are fp32's and the winner's."""
    machine = describe(LIBRARIES)
    recipes = {name: _figures(result) for name, result in results.items()}
    data = machine | {"chosen": winner, "recipes": recipes}
    text = json.dumps(data, indent=1, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report").mkdir(exist_ok=True)
    plots = draw(results, folder / "report")
    sections = [
        _introduction(winner, results, machine),
        f"## Recipes\n\n{markdown(HEAD, summary(results))}",
        _sets(results),
        _faults(results),
        _failures(results),
        "\n".join(f"![{path.stem}](report/{path.name})" for path in plots),
        _worst(winner, sets, expected, found),
    ]
    (folder / "report.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _figures(result: Result) -> dict[str, Any]:
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
        "faults": {name: fault.model_dump() for name, fault in quality.faults.items()},
        "sets": {name: found.model_dump() for name, found in quality.sets.items()},
        "settings": result.recipe.model_dump(),
        "gate": result.gate.model_dump(),
    }


def _introduction(winner: str, results: Results, machine: Mapping[str, Any]) -> str:
    base, chosen = results["fp32"], results[winner]
    size = 1 - chosen.size_bytes / base.size_bytes
    peak = 1 - chosen.peak_rss_bytes / base.peak_rss_bytes
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"# Quantisation report\n\n{reason(winner, results)} Against float32 it is {size:.0%} "
        f"smaller on disk and takes {peak:.0%} less memory at its peak.\n\n"
        f"Measured on {machine['cpu']}, one thread, with the serving engine; {versions}. "
        "Speed: CPU time of fp32 ÷ the recipe's, in turn within one run, median and range of the "
        "rounds. Peak: resident memory of a process that opens the bundle and translates, Python "
        "included. What the columns mean and where the gate's limits come from: "
        "docs/quantisation.md."
    )


def _sets(results: Results) -> str:
    names = list(next(iter(results.values())).quality.sets)
    head = ["recipe", *(f"{name} {metric}" for name in names for metric in ("BLEU", "chrF++"))]
    rows = []
    for recipe, result in results.items():
        pairs = [result.quality.sets[name] for name in names]
        cells = [f"{score:.2f}" for pair in pairs for score in (pair.bleu, pair.chrf)]
        rows.append([recipe, *cells])
    pooled = results["fp32"].quality.sets["pooled"]
    signatures = f"BLEU `{pooled.bleu_signature}`, chrF++ `{pooled.chrf_signature}`"
    bootstrap = f"differences: paired bootstrap, {scores.RESAMPLES} samples."
    return f"## Scores\n\n{markdown(head, rows)}\n\n{signatures}; {bootstrap}"


def _faults(results: Results) -> str:
    names = list(results["fp32"].quality.faults)
    rows = []
    for recipe, result in results.items():
        faults = [result.quality.faults[name] for name in names]
        rows.append([recipe, *(f"{f.count} (+{f.only_here} −{f.only_fp32})" for f in faults)])
    text = "Sentences with a fault; in brackets those that only the recipe has, and only fp32."
    return f"## Faults\n\n{text}\n\n{markdown(['recipe', *names], rows)}"


def _failures(results: Results) -> str:
    lines = [
        f"- {recipe}: {failure}"
        for recipe, result in results.items()
        for failure in result.gate.failures
    ]
    return "## Why recipes failed\n\n" + ("\n".join(lines) or "None did.")


def _worst(
    winner: str, sets: Sequence[TestSet], expected: scores.Outputs, found: scores.Outputs
) -> str:
    """The sentences whose translation lost most chrF++ against its reference."""
    losses, metric = [], scores.chrf()
    for test in sets:
        sides = zip(test.references, expected[test.name], found[test.name], strict=True)
        losses += [
            (_loss(metric, truth, base.text, ours.text), base.source, base.text, ours.text)
            for truth, base, ours in sides
            if base.text != ours.text
        ]
    rows = [[f"{loss:+.1f}", *texts] for loss, *texts in sorted(losses)[:WORST]]
    table = markdown(["ΔchrF++", "source", "fp32", winner], rows)
    return f"## The {len(rows)} worst differences\n\n{table}"


def _loss(metric: Any, truth: str, base: str, ours: str) -> float:
    ours_score, base_score = (
        float(metric.sentence_score(text, [truth]).score) for text in (ours, base)
    )
    return ours_score - base_score
