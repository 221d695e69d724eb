"""Build every candidate, measure it against float32, keep the fastest that passes the gate."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import cached_property, partial
from pathlib import Path

from pipeline.bundle import CONTRACT, Bundle, sha256
from pipeline.config import ROOT
from pipeline.decode.engine import Engine
from pipeline.errors import UserError
from quantize.bundles.build import make
from quantize.bundles.drafts import Drafts
from quantize.bundles.publish import check_place, publish
from quantize.int8.recipes import Recipe, load_recipe
from quantize.judge import measure
from quantize.judge.decode import Output
from quantize.judge.gate import Verdict
from quantize.judge.report import write_report
from quantize.judge.results import Result, choose
from quantize.judge.speed import Speed, memory_to_translate, race
from quantize.machine import describe
from quantize.progress import ALL_RECIPES, Report, Show, no_report, no_show
from quantize.sentences import TestSet, load_test_sets, pooled_sources, sentence_ids
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
# What results depend on. The gate is not among it: its limits are today's.
CODE = (
    "pipeline",
    "quantize/bundles",
    "quantize/graphs",
    "quantize/int8",
    "quantize/judge/decode.py",
    "quantize/judge/measure.py",
    "quantize/judge/scores.py",
    "quantize/judge/speed.py",
    "quantize/network.py",
    "quantize/sentences.py",
    "quantize/sources",
)
LIBRARIES = ("numpy", "onnx", "onnxruntime", "sacrebleu", "sentencepiece")
RACED = 24  # units that all recipes translate in turn
REMEMBERED = 64  # units translated while memory is measured


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
    """Write the winner with its report into `out`; return its recipe's name and all results.

    `work` keeps each recipe's results: an interrupted run continues from there. `limit` is the most
    sentences taken of each set. If no recipe passes the gate, the most faithful is written with
    `force`; without it, that raises UserError.
    """
    check_place(out)
    tuning = _Tuning(open_source(spec, report, show), work, lines, limit, report, show)
    names = ["fp32", *(name for name in recipes if name != "fp32")]
    results = {}
    for done, name in enumerate(names):
        show(ALL_RECIPES, done, len(names) + 1)
        results[name] = tuning.result(load_recipe(name))
    show(ALL_RECIPES, len(names), len(names) + 1)
    results = tuning.timed(results)
    show(ALL_RECIPES, len(names) + 1, len(names) + 1)
    winner = choose(results)
    if winner is None:
        if not force:
            raise UserError(_none_passes(out, results))
        winner = min(names[1:], key=lambda name: results[name].delta_logp)
    tuning.write_winner(winner, results, out, force)
    return winner, results


def _none_passes(out: Path, results: dict[str, Result]) -> str:
    failures = {name: result.gate.failures for name, result in results.items()}
    reasons = "; ".join(f"{name}: {found[0]}" for name, found in failures.items() if found)
    return f"{out} is not written, no recipe passes the gate ({reasons}): add --force to write one"


class _Tuning:
    """The results of one source on one set of sentences, kept in a folder of their own."""

    def __init__(
        self,
        source: Source,
        work: Path,
        lines: Sequence[str] | None,
        limit: int | None,
        report: Report,
        show: Show,
    ) -> None:
        self.sets, self.report, self.show = load_test_sets(limit), report, show
        self.work = work / _key(source, lines, self.sets)
        self.work.mkdir(parents=True, exist_ok=True)
        self.drafts = Drafts(source, self.work, lines=lines, report=report, show=show)

    def result(self, recipe: Recipe) -> Result:
        """The recipe's, from an earlier run where there is one."""
        path = self.work / recipe.name / "result.json"
        if path.is_file():
            kept = Result.model_validate_json(path.read_bytes())
            if kept.recipe == recipe:
                return kept
        shutil.rmtree(path.parent, ignore_errors=True)
        (self.work / "race.json").unlink(missing_ok=True)
        result = self._measure(recipe, path.parent)
        path.write_text(result.model_dump_json(indent=1), encoding="utf-8")
        return result

    def _measure(self, recipe: Recipe, folder: Path) -> Result:
        self.report(f"{recipe.name}: build and measure")
        bundle = make(self.drafts, recipe, folder / "bundle")
        show = partial(_named, self.show, recipe.name)
        outputs = measure.translate_sets(bundle, self.sets, show)
        _save_outputs(folder / "outputs.json", outputs)
        quality = measure.quality(bundle, self.sets, self.probe, self.expected, outputs, show)
        return Result(
            recipe=recipe,
            size_bytes=sum(entry.size for entry in bundle.manifest.files.values()),
            peak_rss_bytes=memory_to_translate(bundle, self._units(bundle, REMEMBERED)),
            quality=quality,
        )

    @cached_property
    def probe(self) -> measure.Probe:
        """What fp32 makes of some sentences of all sets."""
        return measure.set_probe(self.drafts.reference, self.sets)

    @cached_property
    def expected(self) -> dict[str, list[Output]]:
        """fp32's outputs, which are there once it is measured."""
        return self.outputs("fp32")

    def outputs(self, name: str) -> dict[str, list[Output]]:
        """A measured recipe's outputs."""
        data = json.loads((self.work / name / "outputs.json").read_text(encoding="utf-8"))
        return {test: list(map(Output.from_json, outputs)) for test, outputs in data.items()}

    def timed(self, results: dict[str, Result]) -> dict[str, Result]:
        """The results with the speeds of a race of all, or of an earlier race of the same."""
        path = self.work / "race.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if list(kept) != list(results):
            self.report("race of all recipes")
            kept = {name: speed.model_dump() for name, speed in self._race(results).items()}
            path.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        return {
            name: result.model_copy(update={"speed": Speed.model_validate(kept[name])})
            for name, result in results.items()
        }

    def _race(self, results: dict[str, Result]) -> dict[str, Speed]:
        with ExitStack() as stack:
            engines = {
                name: stack.enter_context(closing(Engine.load(self._bundle(name))))
                for name in results
            }
            sources = self._units(self._bundle("fp32"), RACED)
            return race(engines, "fp32", sources, progress=partial(self.show, "race"))

    def write_winner(self, winner: str, results: dict[str, Result], out: Path, force: bool) -> None:
        """Write a copy of the winner's bundle, and the report, into `out`."""
        copy = self.work / "publish"
        shutil.rmtree(copy, ignore_errors=True)
        bundle = self._bundle(winner)
        shutil.copytree(bundle.path, copy)
        result = results[winner]
        verdict = Verdict(result.gate, result.quality.headline())
        publish(Bundle(copy, bundle.manifest), out, verdict, force=force)
        write_report(out, winner, results, self.sets, self.expected, self.outputs(winner))

    def _bundle(self, name: str) -> Bundle:
        return Bundle.load(self.work / name / "bundle")

    def _units(self, bundle: Bundle, count: int) -> list[tuple[int, ...]]:
        return sentence_ids(bundle, pooled_sources(self.sets, count))[:count]


def _named(show: Show, name: str, stage: str, done: int, total: int) -> None:
    show(f"{name}: {stage}", done, total)


def _save_outputs(path: Path, outputs: dict[str, list[Output]]) -> None:
    data = {name: [output.as_json() for output in found] for name, found in outputs.items()}
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _key(source: Source, lines: Sequence[str] | None, sets: Sequence[TestSet]) -> str:
    """Names the folder of results: whatever these depend on, another begins anew.

    That is weights, texts, the machine, libraries, and the code that writes, runs and measures.
    """
    calibration = source.calibration if lines is None else tuple(lines)
    code = [path for place in CODE for path in _python_files(ROOT / place)]
    digest = hashlib.sha256()
    for path in (*source.identity, *source.files.values(), *code):
        digest.update(sha256(path).encode())
    for part in (CONTRACT, describe(LIBRARIES), Result.model_json_schema(), calibration, sets):
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]


def _python_files(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]
