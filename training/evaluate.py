"""Scores of models and of other systems' stored outputs, and the model card's translations."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path

from pipeline.bundle import Bundle
from pipeline.config import Strict, home
from pipeline.errors import UserError
from pipeline.translator import Translator
from quantize.bundles.drafts import Drafts
from quantize.judge import scores
from quantize.judge.decode import translate
from quantize.judge.measure import open_engine
from quantize.machine import cpu_name
from quantize.progress import Report, Show, no_report, no_show
from quantize.sentences import TestSet, load_test_sets, read_lines, read_text, spread
from quantize.sources import open_source

STORED = "flores-dev"  # the set that stored outputs are of
METRICS = {"BLEU": scores.bleu, "chrF++": scores.chrf}
EXAMPLES = Path(__file__).with_name("examples.zh.txt")


class Score(Strict):
    """Of one system on one test set."""

    bleu: float
    chrf: float  # chrF++


class System(Strict):
    """A model, or another system whose outputs are stored."""

    name: str
    recipe: str  # of a bundle, or "stored"
    sets: dict[str, Score]


class Evaluation(Strict):
    """All scores, and what they were computed with."""

    systems: tuple[System, ...]
    sentences: dict[str, int]  # of each set
    signatures: dict[str, str]  # sacreBLEU's, of each metric
    versions: dict[str, str]
    cpu: str


def evaluate_systems(
    models: Sequence[str],
    sets: Sequence[TestSet],
    stored: Mapping[str, Path],
    *,
    report: Report = no_report,
    show: Show = no_show,
) -> Evaluation:
    """Scores of bundles, of sources as float32, and of stored outputs: files by systems' names.

    Raises UserError for what cannot be used; stored outputs are looked at before anything is
    translated.
    """
    others = [_stored_system(name, path, sets) for name, path in stored.items()]
    own = []
    for model in models:
        report(f"{model} translates")
        own.append(_model_system(model, sets, show))
    return Evaluation(
        systems=(*own, *others),
        sentences={test.name: len(test.sources) for test in sets},
        signatures=_signatures(),
        versions={package: version(package) for package in ("onnxruntime", "sacrebleu")},
        cpu=cpu_name(),
    )


def read_sets(files: Sequence[Path], count: int | None = None) -> tuple[TestSet, ...]:
    """FLORES dev, NTREX and the sets in files of Chinese, TAB, English; `count` sentences of each.

    Further columns are passed over. Raises UserError for a file of another form.
    """
    return (*load_test_sets(count), *(_read_set(path, count) for path in files))


def _read_set(path: Path, count: int | None) -> TestSet:
    rows = [line.split("\t") for line in _all_lines(path)]
    for number, row in enumerate(rows, 1):
        if len(row) < 2:
            raise UserError(f"{path}, line {number}: expected Chinese, TAB, English")
    sources, references = (spread([row[side] for row in rows], count) for side in (0, 1))
    return TestSet(path.stem, sources, references)


def _all_lines(path: Path) -> list[str]:
    """Blank ones too: they belong to lines of other files."""
    return read_text(path).removesuffix("\n").split("\n")


def _stored_system(name: str, path: Path, sets: Sequence[TestSet]) -> System:
    lines = _all_lines(path)
    whole, used = (
        next(test for test in among if test.name == STORED) for among in (load_test_sets(), sets)
    )
    if len(lines) != len(whole.sources):
        raise UserError(
            f"{path} has {len(lines)} lines, {STORED} has {len(whole.sources)}: "
            "name outputs of that set"
        )
    score = _score(spread(lines, len(used.sources)), used)
    return System(name=name, recipe="stored", sets={STORED: score})


def _model_system(model: str, sets: Sequence[TestSet], show: Show) -> System:
    with tempfile.TemporaryDirectory() as scratch:
        bundle = _open_bundle(model, Path(scratch), show)
        found = {}
        with closing(open_engine(bundle)) as engine:
            for test in sets:
                outputs = translate(engine, test.sources, partial(show, test.name))
                found[test.name] = _score([output.text for output in outputs], test)
        return System(name=model, recipe=bundle.manifest.recipe["name"], sets=found)


def _open_bundle(model: str, scratch: Path, show: Show) -> Bundle:
    """The bundle that `model` names, or the source's in float32, built in `scratch`."""
    if any((place / "model.yaml").is_file() for place in (Path(model), home() / model)):
        return Bundle.load(model)
    return Drafts(open_source(model), scratch, show=show).reference


def _score(outputs: Sequence[str], test: TestSet) -> Score:
    bleu, chrf = (
        metric().corpus_score(list(outputs), [list(test.references)]).score
        for metric in METRICS.values()
    )
    return Score(bleu=bleu, chrf=chrf)


def _signatures() -> dict[str, str]:
    """sacreBLEU's, which it gives once a score with one reference is computed."""
    signatures = {}
    for name, make in METRICS.items():
        metric = make()
        metric.corpus_score([""], [[""]])
        signatures[name] = str(metric.get_signature())
    return signatures


def markdown(evaluation: Evaluation) -> str:
    """The table of all scores, and below it what they were computed with."""
    names = list(evaluation.sentences)
    head = [f"{name} ({evaluation.sentences[name]:,}) BLEU | chrF++" for name in names]
    lines = [f"| | recipe | {' | '.join(head)} |", "|---|---|" + "---:|" * (2 * len(names))]
    for system in evaluation.systems:
        cells = [_cells(system.sets.get(name)) for name in names]
        lines.append(f"| {system.name} | {system.recipe} | {' | '.join(cells)} |")
    lines.append("")
    lines += [f"- {name}: `{signature}`" for name, signature in evaluation.signatures.items()]
    lines += [f"- decoded on: {evaluation.cpu}, onnxruntime {evaluation.versions['onnxruntime']}"]
    return "\n".join(lines)


def _cells(score: Score | None) -> str:
    return f"{score.bleu:.2f} | {score.chrf:.2f}" if score else "– | –"


def translated_examples(bundle: str, path: Path = EXAMPLES) -> str:
    """A Markdown table of the sentences in `path` with the bundle's translations.

    Lines that begin with # name the group of those below. Raises UserError for a bundle or file
    that cannot be read.
    """
    rows, group = [], ""
    with Translator.load(bundle) as translator:
        for line in read_lines(path):
            if line.startswith("#"):
                group = line.lstrip("# ")
            else:
                english = translator.translate(line).text.replace("|", "\\|")
                rows.append(f"| {group} | {line} | {english} |")
    return "\n".join(["| | Chinese | English |", "|---|---|---|", *rows])
