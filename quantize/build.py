"""From a source folder to a bundle: drafted, given its canary, judged, and only then put in its place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import yaml

from pipeline.bundle import Bundle, Gate, Manifest, sha256
from pipeline.canary import CanaryFile, Pair
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.preprocess import Preprocessor
from pipeline.scoring import forced_logprobs
from pipeline.session import Sessions
from quantize.judge import gate
from quantize.progress import Report, no_report
from quantize.recipes import Recipe
from quantize.sources.training import TrainedSource, load
from quantize.workshop import Workshop, entry

CANARY_PAIRS = 20
FP32_TOLERANCE = 1e-3
REPORT_FILES = ("report.md", "report.json", "report")  # the last holds the plots
Judge = Callable[[Workshop, Bundle, bool], tuple[Gate, dict[str, str]]]


def build(
    source_folder: Path,
    recipe: Recipe,
    out: Path,
    report: Report = no_report,
    *,
    lines: Sequence[str] | None = None,
    judge: Judge | None = None,
    force: bool = False,
) -> Bundle:
    """Write the bundle into `out` and return it verified.

    `judge` gives the verdict and the scores for the manifest; without it the quick gate does, on the
    calibration text. Raises UserError for a bad source or place, and for a bundle that fails unless `force`.
    """
    source = load(source_folder)
    check_place(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        workshop = Workshop(source, Path(scratch), lines=lines, report=report)
        bundle = make(workshop, recipe, Path(scratch) / out.name)
        report("judging against float32")
        verdict, scores = (judge or quick_judge)(workshop, bundle, force)
        return publish(bundle, out, verdict, scores)


def check_place(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for the bundle")


def make(workshop: Workshop, recipe: Recipe, folder: Path) -> Bundle:
    """A whole bundle in a new `folder`, not judged yet."""
    workshop.report(f"graphs with recipe {recipe.name}")
    folder.mkdir(parents=True)
    draft = workshop.draft(recipe, folder)
    workshop.report(f"canary of {CANARY_PAIRS} sentences")
    pairs, tolerance = _canary(workshop, recipe, draft)
    (folder / "canary.json").write_text(CanaryFile(pairs=pairs).model_dump_json(indent=1), encoding="utf-8")
    described = draft.manifest.model_dump()
    described["canary"]["tolerance"] = tolerance
    described["files"]["canary.json"] = entry(folder / "canary.json")
    write_manifest(folder, Manifest.model_validate(described))
    return Bundle.load(folder)


def publish(bundle: Bundle, out: Path, verdict: Gate, scores: dict[str, str]) -> Bundle:
    """Move a judged bundle to `out`; raises UserError, and leaves `out` alone, if it failed and is not forced.

    What `out` holds beside a bundle's own files (README.md, source/) stays; a report on other weights goes.
    """
    if not verdict.passed and not verdict.forced:
        raise UserError(f"{out} is not written: {'; '.join(verdict.failures)}: choose another recipe, or add --force")
    update = {"gate": verdict, "scores": scores, "name": out.name}
    write_manifest(bundle.path, bundle.manifest.model_copy(update=update))
    out.mkdir(parents=True, exist_ok=True)
    weights = out / "weights.bin"
    if weights.is_file() and sha256(weights) != bundle.manifest.files["weights.bin"].sha256:
        for name in REPORT_FILES:
            shutil.rmtree(out / name) if (out / name).is_dir() else (out / name).unlink(missing_ok=True)
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
    from quantize.judge.measure import expect, faithfulness

    if bundle.manifest.recipe["weights"] == "fp32":
        return Gate(kind="none", passed=True), {}
    lines = workshop.source.calibration[:: max(1, len(workshop.source.calibration) // gate.QUICK_SENTENCES)]
    expected = expect(workshop.reference, lines[: gate.QUICK_SENTENCES])
    found = faithfulness(expected, bundle, batches=gate.QUICK_BATCHED)
    return gate.quick(found, force), {}


def _canary(workshop: Workshop, recipe: Recipe, bundle: Bundle) -> tuple[tuple[Pair, ...], float]:
    """Pairs spread over the calibration text, and the tolerance their log-probabilities are held to.

    For INT8 it is twice the largest difference from float32, so that it holds on every kind of CPU.
    """
    sources = _canary_sources(workshop.source, bundle)
    engine = Engine.load(bundle)
    try:
        targets = [engine.submit(ids).result()[0].ids for ids in sources]
    finally:
        engine.close()
    scores = forced_logprobs(engine.sessions, sources, targets)
    pairs = tuple(
        Pair(source=tuple(s), target=t, logprobs=tuple(np.round(p.astype(float), 6).tolist()))
        for s, t, p in zip(sources, targets, scores, strict=True)
    )
    if recipe.weights == "fp32":
        return pairs, FP32_TOLERANCE
    exact = forced_logprobs(Sessions(workshop.reference), sources, targets)
    largest = max(float(np.abs(a - b).max()) for a, b in zip(scores, exact, strict=True))
    return pairs, round(2 * largest, 6)


def _canary_sources(source: TrainedSource, bundle: Bundle) -> list[tuple[int, ...]]:
    preprocess = Preprocessor.load(bundle)
    every = max(1, len(source.calibration) // (2 * CANARY_PAIRS))
    units = [unit.ids for line in source.calibration[::every] for unit in preprocess(line).units if unit.ids]
    if len(units) < CANARY_PAIRS:
        raise UserError(f"{source.folder / 'calibration.txt'}: {len(units)} usable sentences, need {CANARY_PAIRS}")
    return units[:CANARY_PAIRS]
