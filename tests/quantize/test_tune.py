"""Tuning: a report beside the winner, and results that are kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL, ROOT, resolve

pytestmark = pytest.mark.quantize
SOURCE = resolve(DEFAULT_MODEL) / "source"


def tune(out: Path, work: Path, **options: Any) -> dict[str, Any]:
    from quantize.tune import tune

    recipes = ("dynamic-63", "row-63")
    return tune(SOURCE, out, work, recipes=recipes, limit=16, force=True, **options)[1]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """The bundle's folder, that of the kept results, and the results."""
    folder = tmp_path_factory.mktemp("tune")
    out, work = folder / "model", folder / "work"
    return out, work, tune(out, work)


def test_tuning_writes_a_bundle_with_its_scores(tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    manifest = Bundle.load(tuned[0]).manifest
    assert manifest.recipe["name"] == "row-63"
    assert manifest.gate is not None
    assert manifest.gate.kind == "full"
    assert "tok:13a" in manifest.scores["pooled BLEU"]


def test_the_report_has_all_figures(tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    out, _, results = tuned
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert {"machine", "cpu", "versions", "recipes"} <= set(report)
    row, fp32 = report["recipes"]["row-63"], report["recipes"]["fp32"]
    assert row["size_bytes"] < 0.3 * fp32["size_bytes"]
    assert row["batch_invariant"] is True
    assert row["exact_match"] == results["row-63"].quality.exact_match
    assert {"peak_rss_bytes", "speed_vs_fp32", "delta_logp", "loops"} <= set(row)
    assert set(row["sets"]) == {"flores-dev", "ntrex", "pooled"}
    for scores in row["sets"].values():
        assert {"bleu", "chrf", "delta_bleu", "delta_bleu_lower95"} <= set(scores)
    assert fp32["exact_match"] == 1


def test_the_report_can_be_read(tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    out, *_ = tuned
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "row-63" in text
    assert "worst differences" in text
    for plot in ("quality-speed", "size-memory", "scores"):
        assert (out / "report" / f"{plot}.png").read_bytes().startswith(b"\x89PNG")
        assert f"report/{plot}.png" in text


def test_tuning_continues_where_it_was(tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    out, work, _ = tuned
    reports: list[str] = []
    tune(out, work, report=reports.append)
    assert not reports


def test_kept_results_are_judged_by_the_limits_of_today(
    tuned: tuple[Path, Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quantize.judge import gate

    _, work, before = tuned
    monkeypatch.setattr(gate, "DELTA_LOGP", 0.0)
    reports: list[str] = []
    results = tune(tmp_path / "model", work, report=reports.append)
    assert not reports
    assert results["row-63"].gate == gate.full(results["row-63"].quality)
    assert "log p" in " ".join(results["row-63"].gate.failures)
    assert results["row-63"].quality == before["row-63"].quality


def test_the_terminal_shows_the_winner(
    tuned: tuple[Path, Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    from quantize.judge.tables import show_table

    show_table("row-63", tuned[2])
    shown = capsys.readouterr().out
    assert "|Δ log p|" in shown
    assert "row-63 is the fastest recipe" in shown


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], str]:
    """What the folder of results is called now, by a copy of the code that a test may edit."""
    from quantize import tune
    from quantize.sentences import load_test_sets
    from quantize.sources import open_source

    for folder in ("pipeline", "quantize"):
        ignore = shutil.ignore_patterns("__pycache__", "testsets")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    monkeypatch.setattr(tune, "ROOT", tmp_path, raising=False)
    source, sets = open_source(SOURCE), load_test_sets(4)
    return lambda: tune._key(source, None, sets)


@pytest.mark.parametrize("library", ["numpy", "onnxruntime", "sentencepiece"])
def test_another_version_of_a_library_begins_anew(
    key: Callable[[], str], monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    from quantize import machine

    before = key()
    assert key() == before
    monkeypatch.setattr(
        machine, "version", lambda name: "0.0" if name == library else version(name)
    )
    assert key() != before


def test_another_contract_begins_anew(
    key: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from quantize import tune

    before = key()
    monkeypatch.setattr(tune, "CONTRACT", 99, raising=False)
    assert key() != before


def test_another_cpu_begins_anew(key: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    from quantize import machine

    before = key()
    monkeypatch.setattr(machine, "cpu_name", lambda: "another one")
    assert key() != before


@pytest.mark.parametrize(
    "module",
    ["quantize/graphs/step.py", "quantize/int8/rounding.py", "pipeline/decode/batch.py"],
)
def test_other_code_that_writes_or_runs_graphs_begins_anew(
    key: Callable[[], str], tmp_path: Path, module: str
) -> None:
    before = key()
    path = tmp_path / module
    path.write_text(path.read_text(encoding="utf-8") + "\nEDITED = True\n", encoding="utf-8")
    assert key() != before


def test_other_limits_of_the_gate_do_not_begin_anew(key: Callable[[], str], tmp_path: Path) -> None:
    before = key()
    path = tmp_path / "quantize" / "judge" / "gate.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nEDITED = True\n", encoding="utf-8")
    assert key() == before
