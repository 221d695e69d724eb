"""Build every candidate, measure it against float32 with the serving engine, keep the fastest that
passes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import cached_property, partial
from pathlib import Path

from pipeline.bundle import Bundle, Gate, sha256
from pipeline.decode.engine import Engine
from pipeline.errors import UserError
from quantize.bundles.build import check_place, make, publish
from quantize.bundles.draft import Workshop
from quantize.corpus import sentence_ids
from quantize.int8.recipes import Recipe, load_recipe
from quantize.judge import gate, measure
from quantize.judge.decode import Output
from quantize.judge.report import write_report
from quantize.judge.results import Result, Speed, choose
from quantize.judge.sets import TestSet, load_sets
from quantize.judge.speed import peak_memory, race
from quantize.progress import Report, Show, no_report, no_show
from quantize.sources import open_source
from quantize.sources.base import Source

CANDIDATES = (
    "dynamic-63",
    "static-63",
    "static-63-gptq",
    "row-63",
    "row-63-gptq",
    "row-127",
    "row-127-gptq",
)
RACED = 24  # units that all recipes translate in turn
REMEMBERED = 64  # units of the memory's measure


def judge(workshop: Workshop, bundle: Bundle, force: bool) -> tuple[Gate, dict[str, str]]:
    """The full gate for one bundle, as `build --judge` asks for it."""
    sets = load_sets()
    expected = measure.translations(workshop.reference, sets)
    found = measure.translations(bundle, sets)
    asked = measure.expect(workshop.reference, measure.spread(sets, measure.FORCED))
    quality = _quality(bundle, sets, expected, found, asked)
    return gate.full(quality, force), headline(quality)


def headline(quality: gate.Quality) -> dict[str, str]:
    """The manifest's scores: every set's with its signature."""
    return {
        f"{name} {metric}": f"{getattr(scores, metric.lower().rstrip('+')):.2f} ({signature})"
        for name, scores in quality.sets.items()
        for metric, signature in (
            ("BLEU", scores.bleu_signature),
            ("chrF++", scores.chrf_signature),
        )
    }


def tune(
    spec: str | Path,
    out: Path,
    work: Path,
    *,
    recipes: Sequence[str] = CANDIDATES,
    lines: Sequence[str] | None = None,
    limit: int | None = None,
    force: bool = False,
    report: Report = no_report,
    show: Show = no_show,
) -> tuple[str, dict[str, Result]]:
    """Write the winner with its report into `out`.

    Returns its recipe's name and everybody's results.

    `work` keeps each recipe's results: an interrupted run goes on from there. `limit` takes only so
    many sentences of each set (for tests). With `force`, and none passing, the most faithful is
    written. Raises UserError if none passes otherwise.
    """
    check_place(out)
    tuning = _Tuning(open_source(spec), work, lines, limit, report, show)
    names = ["fp32", *(name for name in recipes if name != "fp32")]
    results = {}
    for done, name in enumerate(names):
        show("recipes", done, len(names) + 1)
        results[name] = tuning.result(load_recipe(name))
    show("recipes", len(names), len(names) + 1)
    results = tuning.timed(results)
    show("recipes", len(names) + 1, len(names) + 1)
    winner = choose(results)
    if winner is None:
        reasons = "; ".join(
            f"{name}: {r.gate.failures[0]}" for name, r in results.items() if r.gate.failures
        )
        if not force:
            raise UserError(
                f"{out} is not written, no recipe passes the gate ({reasons}): add --force to write one"
            )
        winner = min(names[1:], key=lambda name: results[name].quality.faithfulness.delta_logp)
    tuning.publish(winner, results, out, force)
    return winner, results


class _Tuning:
    def __init__(
        self,
        source: Source,
        work: Path,
        lines: Sequence[str] | None,
        limit: int | None,
        report: Report,
        show: Show,
    ) -> None:
        self.sets, self.report, self.show = load_sets(limit), report, show
        self.work = work / _key(source, lines, self.sets)
        self.work.mkdir(parents=True, exist_ok=True)
        self.workshop = Workshop(source, self.work, lines=lines, report=report, show=show)
        self._expected: dict[str, list[Output]] | None = None

    def result(self, recipe: Recipe) -> Result:
        """Of a recipe, from an earlier run where there is one."""
        path = self.work / recipe.name / "result.json"
        if path.is_file():
            kept = Result.model_validate_json(path.read_bytes())
            if kept.recipe == recipe:
                return kept
        shutil.rmtree(path.parent, ignore_errors=True)
        (self.work / "race.json").unlink(missing_ok=True)
        self.report(f"{recipe.name}: build and measure")
        bundle = make(self.workshop, recipe, path.parent / "bundle")
        show = partial(_named, self.show, recipe.name)
        outputs = measure.translations(bundle, self.sets, show)
        _save_outputs(path.parent / "outputs.json", outputs)
        quality = _quality(bundle, self.sets, self.expected(), outputs, self.asked, show)
        result = Result(
            recipe=recipe,
            size_bytes=sum(entry.size for entry in bundle.manifest.files.values()),
            peak_rss_bytes=peak_memory(bundle, self._units(bundle, REMEMBERED)),
            quality=quality,
        )
        path.write_text(result.model_dump_json(indent=1), encoding="utf-8")
        return result

    @cached_property
    def asked(self) -> measure.Expected:
        """What fp32 says of some sentences of all sets."""
        return measure.expect(self.workshop.reference, measure.spread(self.sets, measure.FORCED))

    def expected(self) -> dict[str, list[Output]]:
        """fp32's outputs."""
        if self._expected is None:
            self._expected = self.outputs("fp32")
        return self._expected

    def outputs(self, name: str) -> dict[str, list[Output]]:
        data = json.loads((self.work / name / "outputs.json").read_text(encoding="utf-8"))
        return {
            test: [Output.from_json(output) for output in outputs] for test, outputs in data.items()
        }

    def timed(self, results: dict[str, Result]) -> dict[str, Result]:
        """With the speeds of a race of all in one run, or of an earlier run of the same."""
        kept = self.work / "race.json"
        if not kept.is_file() or list(json.loads(kept.read_text(encoding="utf-8"))) != list(
            results
        ):
            self.report("race of all recipes")
            speeds = {name: speed.model_dump() for name, speed in self._race(results).items()}
            kept.write_text(json.dumps(speeds, indent=1), encoding="utf-8")
        speeds = json.loads(kept.read_text(encoding="utf-8"))
        return {
            name: result.model_copy(update={"speed": Speed.model_validate(speeds[name])})
            for name, result in results.items()
        }

    def _race(self, results: dict[str, Result]) -> dict[str, Speed]:
        with ExitStack() as stack:
            engines = {
                n: stack.enter_context(closing(Engine.load(self._bundle(n)))) for n in results
            }
            sources = self._units(self._bundle("fp32"), RACED)
            timings = race(engines, "fp32", sources, progress=partial(self.show, "race"))
        return {
            name: Speed(cpu_seconds=t.seconds, vs_fp32=t.ratio, lowest=t.lowest, highest=t.highest)
            for name, t in timings.items()
        }

    def publish(self, winner: str, results: dict[str, Result], out: Path, force: bool) -> None:
        verdict = results[winner].gate
        if force and not verdict.passed:
            verdict = verdict.model_copy(update={"forced": True})
        copy = self.work / "publish"
        shutil.rmtree(copy, ignore_errors=True)
        bundle = self._bundle(winner)
        shutil.copytree(bundle.path, copy)
        publish(Bundle(copy, bundle.manifest), out, verdict, headline(results[winner].quality))
        shutil.rmtree(copy)
        write_report(out, winner, results, self.sets, self.expected(), self.outputs(winner))

    def _bundle(self, name: str) -> Bundle:
        return Bundle.load(self.work / name / "bundle")

    def _units(self, bundle: Bundle, count: int) -> list[tuple[int, ...]]:
        return sentence_ids(bundle, measure.spread(self.sets, count))[:count]


def _quality(
    bundle: Bundle,
    sets: Sequence[TestSet],
    expected: dict[str, list[Output]],
    found: dict[str, list[Output]],
    asked: measure.Expected,
    show: Show = no_show,
) -> gate.Quality:
    faithful = measure.faithfulness(asked, bundle, measure.BATCHED, show)
    symbols = bundle.manifest.tokenizer.mask_symbols
    return measure.quality(expected, found, sets, faithful, symbols[0] if symbols else None)


def _named(show: Show, name: str, stage: str, done: int, total: int) -> None:
    show(f"{name}: {stage}", done, total)


def _save_outputs(path: Path, outputs: dict[str, list[Output]]) -> None:
    data = {name: [output.as_json() for output in found] for name, found in outputs.items()}
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _key(source: Source, lines: Sequence[str] | None, sets: Sequence[TestSet]) -> str:
    """Names the folder of results: other weights, calibration text, sentences or measures begin
    anew.
    """
    digest = hashlib.sha256()
    for path in source.identity:
        digest.update(sha256(path).encode())
    digest.update(json.dumps(Result.model_json_schema()).encode())
    digest.update(repr((source.calibration if lines is None else tuple(lines), sets)).encode())
    return digest.hexdigest()[:16]
