"""From a source folder to a bundle: drafted, given its canary, judged, and only then put in its
place.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from pipeline.bundle import Bundle, Gate, Manifest, sha256
from pipeline.errors import UserError
from quantize.bundles import canary
from quantize.bundles.draft import Workshop, entry
from quantize.int8.recipes import Recipe, load_recipe
from quantize.judge import gate
from quantize.progress import Report, Show, no_report, no_show
from quantize.sources import open_source
from quantize.sources.base import Source

REPORT_FILES = ("report.md", "report.json", "report")  # the last holds the plots
Judge = Callable[[Workshop, Bundle, bool], tuple[Gate, dict[str, str]]]


def build(
    spec: str | Path,
    recipe: Recipe | None,
    out: Path,
    report: Report = no_report,
    *,
    show: Show = no_show,
    lines: Sequence[str] | None = None,
    judge: Judge | None = None,
    force: bool = False,
) -> Bundle:
    """Write the bundle of the source that `spec` names into `out` and return it verified.

    Without a `recipe` the model's size decides. `judge` gives the verdict and the scores for the
    manifest; without it the quick gate does, on the calibration text. Raises UserError for a bad
    source or place, and for a bundle that fails unless `force`.
    """
    check_place(out)
    source = open_source(spec)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        workshop = Workshop(source, Path(scratch), lines=lines, report=report, show=show)
        bundle = make(
            workshop, recipe or load_recipe(usual_recipe(source)), Path(scratch) / out.name
        )
        report("judging against float32")
        verdict, scores = (judge or quick_judge)(workshop, bundle, force)
        return publish(bundle, out, verdict, scores)


def usual_recipe(source: Source) -> str:
    """Rounding by what calibration saw, but for large models: it would take hours, and 16·H²
    numbers a layer.
    """
    return "row-63-gptq" if source.network.hidden_size <= 512 else "row-63"


def check_place(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for the bundle")


def make(workshop: Workshop, recipe: Recipe, folder: Path) -> Bundle:
    """A whole bundle in a new `folder`, not judged yet."""
    workshop.report(f"graphs with recipe {recipe.name}")
    folder.mkdir(parents=True)
    draft = workshop.draft(recipe, folder)
    workshop.report(f"canary of {canary.PAIRS} sentences")
    pairs, tolerance = canary.choose(workshop, recipe, draft)
    (folder / "canary.json").write_text(pairs.model_dump_json(indent=1), encoding="utf-8")
    described = draft.manifest.model_dump()
    described["canary"]["tolerance"] = tolerance
    described["files"]["canary.json"] = entry(folder / "canary.json")
    write_manifest(folder, Manifest.model_validate(described))
    return Bundle.load(folder)


def publish(bundle: Bundle, out: Path, verdict: Gate, scores: dict[str, str]) -> Bundle:
    """Move a judged bundle to `out`.

    Raises UserError, and leaves `out` alone, if it failed and is not forced.

    What `out` holds beside a bundle's own files (README.md, source/) stays; a report on other
    weights goes.
    """
    if not verdict.passed and not verdict.forced:
        raise UserError(
            f"{out} is not written: {'; '.join(verdict.failures)}: choose another recipe, or add --force"
        )
    update = {"gate": verdict, "scores": scores, "name": out.name}
    write_manifest(bundle.path, bundle.manifest.model_copy(update=update))
    out.mkdir(parents=True, exist_ok=True)
    weights = out / "weights.bin"
    if weights.is_file() and sha256(weights) != bundle.manifest.files["weights.bin"].sha256:
        for name in REPORT_FILES:
            shutil.rmtree(out / name) if (out / name).is_dir() else (out / name).unlink(
                missing_ok=True
            )
    if "calibration.json" not in bundle.manifest.files:
        (out / "calibration.json").unlink(missing_ok=True)
    for name in (*bundle.manifest.files, "model.yaml"):
        shutil.move(bundle.path / name, out / name)
    return Bundle.load(out)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    text = yaml.safe_dump(manifest.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (folder / "model.yaml").write_text(text, encoding="utf-8")


def quick_judge(workshop: Workshop, bundle: Bundle, force: bool) -> tuple[Gate, dict[str, str]]:
    """Probabilities and batch-invariance on a few calibration sentences: seconds, and no test set."""
    if bundle.manifest.recipe["weights"] == "fp32":
        return Gate(kind="none", passed=True), {}
    from quantize.judge.measure import expect, faithfulness

    if not workshop.lines:
        workshop.report(
            f"not judged: there is no text in {workshop.source.languages.source} to judge on"
        )
        return Gate(kind="none", passed=True), {}
    lines = workshop.lines[:: max(1, len(workshop.lines) // gate.QUICK_SENTENCES)]
    expected = expect(workshop.reference, lines[: gate.QUICK_SENTENCES], workshop.show)
    found = faithfulness(expected, bundle, batches=gate.QUICK_BATCHED, show=workshop.show)
    return gate.quick(found, force), {}
