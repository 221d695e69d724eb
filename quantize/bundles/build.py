"""From a source to a bundle: drafted, given its canary, judged, and only then put in its place."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from pipeline.bundle import Bundle, Gate
from pipeline.decode.arrays import Floats
from pipeline.decode.canary import CanaryFile, Pair
from pipeline.decode.engine import Engine
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.errors import UserError
from quantize.bundles.drafts import Drafts
from quantize.bundles.publish import check_place, file_entry, publish, write_manifest
from quantize.int8.recipes import Recipe, load_recipe
from quantize.judge.gate import QUICK_SENTENCES, Verdict
from quantize.progress import Report, Show, no_report, no_show
from quantize.sentences import sentence_ids, spread
from quantize.sources import open_source
from quantize.sources.base import Source

CANARY_PAIRS = 20
FP32_TOLERANCE = 1e-3
LARGEST_ROUNDED = 512  # hidden size; above, GPTQ takes hours and 16·H² numbers a layer
VerdictOf = Callable[[Drafts, Bundle], Verdict]
Ids = tuple[int, ...]


def quick_verdict(drafts: Drafts, bundle: Bundle) -> Verdict:
    """Probabilities and batch-invariance on a few calibration sentences.

    It takes seconds and no test set.
    """
    unjudged = Verdict(Gate(kind="none", passed=True), {})
    if bundle.manifest.recipe["weights"] == "fp32":
        return unjudged
    if not drafts.lines:
        language = drafts.source.languages.source
        drafts.report(f"not judged: there is no text in {language} to judge on")
        return unjudged
    from quantize.judge.measure import judge_quickly

    lines = spread(drafts.lines, QUICK_SENTENCES)
    return judge_quickly(drafts.reference, bundle, lines, drafts.show)


def full_verdict(drafts: Drafts, bundle: Bundle) -> Verdict:
    """Everything the gate asks for, on the test sets: minutes."""
    from quantize.judge.measure import judge_fully

    return judge_fully(drafts.reference, bundle)


def build(
    spec: str | Path,
    recipe: Recipe | None,
    out: Path,
    report: Report = no_report,
    *,
    show: Show = no_show,
    lines: Sequence[str] | None = None,
    verdict_of: VerdictOf = quick_verdict,
    force: bool = False,
) -> Bundle:
    """Write the bundle of the source that `spec` names into `out` and return it verified.

    Without a `recipe` the model's size decides. `verdict_of` judges the bundle. Raises UserError
    for a bad source or place, and for a bundle that fails unless `force`.
    """
    check_place(out)
    source = open_source(spec, report, show)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        drafts = Drafts(source, Path(scratch), lines=lines, report=report, show=show)
        recipe = recipe or load_recipe(usual_recipe(source))
        bundle = make(drafts, recipe, Path(scratch) / out.name)
        report("judging against float32")
        return publish(bundle, out, verdict_of(drafts, bundle), force=force)


def usual_recipe(source: Source) -> str:
    """The recipe for who names none: what is 8-bit already stays so, to the integer; others are
    rounded by calibration, but for large models.
    """
    if source.network.stored_scales:
        return "row-127"
    return "row-63-gptq" if source.network.hidden_size <= LARGEST_ROUNDED else "row-63"


def make(drafts: Drafts, recipe: Recipe, folder: Path) -> Bundle:
    """A whole bundle in a new `folder`, not judged yet."""
    drafts.report(f"graphs with recipe {recipe.name}")
    folder.mkdir(parents=True)
    draft = drafts.write(recipe, folder)
    drafts.report(f"canary of {CANARY_PAIRS} sentences")
    pairs, tolerance = choose_canary(drafts, recipe, draft)
    path = folder / draft.manifest.canary.file
    path.write_text(pairs.model_dump_json(indent=1), encoding="utf-8")
    manifest = draft.manifest
    canary = manifest.canary.model_copy(update={"tolerance": tolerance})
    files = manifest.files | {path.name: file_entry(path)}
    write_manifest(folder, manifest.model_copy(update={"canary": canary, "files": files}))
    return Bundle.load(folder)


def choose_canary(drafts: Drafts, recipe: Recipe, bundle: Bundle) -> tuple[CanaryFile, float]:
    """Sentences with their translations, and how far their log-probabilities may be off.

    For INT8 that is twice the largest difference from float32, so that the canary holds on every
    kind of CPU.
    """
    sources = _canary_sources(drafts, bundle)
    targets, scores = _translated(drafts, bundle, sources)
    pairs = tuple(
        Pair(source=ids, target=target, logprobs=tuple(np.round(own.astype(float), 6).tolist()))
        for ids, target, own in zip(sources, targets, scores, strict=True)
    )
    if recipe.weights == "fp32":
        return CanaryFile(pairs=pairs), FP32_TOLERANCE
    exact = forced_logprobs(Sessions(drafts.reference), sources, targets)
    largest = max(float(np.abs(a - b).max()) for a, b in zip(scores, exact, strict=True))
    return CanaryFile(pairs=pairs), round(2 * largest, 6)


def _translated(
    drafts: Drafts, bundle: Bundle, sources: list[Ids]
) -> tuple[list[Ids], list[Floats]]:
    """The sources' translations, and the log-probabilities of these."""
    targets = []
    with closing(Engine.load(bundle)) as engine:
        for done, ids in enumerate(sources, 1):
            targets.append(engine.submit(ids).result()[0].ids)
            drafts.show("canary", done, len(sources))
        return targets, forced_logprobs(engine.sessions, sources, targets)


def _canary_sources(drafts: Drafts, bundle: Bundle) -> list[Ids]:
    """Sentences of the calibration text; random ids where there is none in the model's language."""
    if not drafts.lines:
        rng = np.random.default_rng(0)
        size = drafts.source.network.source_vocab_size
        lengths = rng.integers(3, 30, CANARY_PAIRS)
        return [tuple(rng.integers(2, size, length).tolist()) for length in lengths]
    for lines in (spread(drafts.lines, 2 * CANARY_PAIRS), drafts.lines):
        units = sentence_ids(bundle, lines)
        if len(units) >= CANARY_PAIRS:
            return units[:CANARY_PAIRS]
    raise UserError(
        f"{len(units)} usable sentences in the calibration text, need {CANARY_PAIRS}: give more"
    )
