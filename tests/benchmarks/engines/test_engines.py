"""The benchmark of engines, tried on toy shapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.quantize


def test_every_engine_runs_the_same_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.engines.__main__ import main

    folders = ["--work", str(tmp_path), "--out", str(tmp_path)]
    options = ["--recipes", "static-63,fp32", "--quick", "--rounds", "1", "--no-memory", *folders]
    assert main(["--models", "marian-toy", *options]) == 0
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert found["cpu"]
    assert found["versions"]["ctranslate2"]
    assert {(row["engine"], row["recipe"]) for row in found["rows"]} == {
        ("csanmt-serve", "static-63"),
        ("csanmt-serve", "fp32"),
        ("ctranslate2-int8", "int8"),
        ("optimum-int8", "int8"),
        ("torch-fp32", "fp32"),
    }
    short = [row for row in found["rows"] if row["lengths"] == "24/32"]
    assert all(row["cpu_ms"] > 0 and row["vs_peer"] > 0 for row in short)
    assert {row["vs_peer"] for row in short if row["engine"] == "ctranslate2-int8"} == {1.0}
    mixed = [row["lengths"] for row in found["rows"] if row["batch"] is None]
    assert mixed == ["mixed, in flight", "mixed, batches"]
    assert (tmp_path / "results.png").stat().st_size > 10_000
    assert "static-63" in capsys.readouterr().out


def test_the_published_shape_is_compared_with_optimum_in_one_engine(tmp_path: Path) -> None:
    from benchmarks.engines import models
    from benchmarks.engines.entrants import OPTIMUM_GRAPHS, make_entrants
    from benchmarks.engines.measure import Cell, peak_mb, race
    from quantize.progress import no_report

    recipes = ["row-63", "fp32"]
    entrants = make_entrants("csanmt-toy", recipes, [OPTIMUM_GRAPHS], tmp_path, no_report)
    assert list(entrants) == ["csanmt-serve row-63", "csanmt-serve fp32", OPTIMUM_GRAPHS]
    sources = models.sources("csanmt-toy", 2, 6)
    runners = {name: entrant.open() for name, entrant in entrants.items()}
    timings = race(runners, sources, Cell(2, 4, 6, 6), rounds=1, peer="none")
    assert all(timing.cpu_ms > 0 and timing.ratio is None for timing in timings.values())
    row, fp32, optimum = entrants.values()
    assert 10 < peak_mb(fp32.engine, fp32.folder, None, sources, 4, 6) < 150
    assert max(row.disk_mb, optimum.disk_mb) < 0.6 * fp32.disk_mb


def test_a_recipe_that_needs_text_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.engines.__main__ import main

    options = ["--recipes", "row-63-gptq", "--work", str(tmp_path), "--peers", ""]
    assert main(["--models", "marian-toy", *options]) == 2
    assert "row-63-gptq" in capsys.readouterr().err


def test_an_unknown_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.engines.__main__ import main

    assert main(["--models", "none"]) == 2
    assert "no model none" in capsys.readouterr().err


def test_ratios_are_taken_within_a_round() -> None:
    from benchmarks.engines.measure import timings
    from quantize.machine import Spent

    spent = {"peer": Spent(cpu=[2.0, 6.0], wall=[2.0, 6.0]), "ours": Spent(cpu=[1.0], wall=[1.0])}
    found = timings(spent, sentences=4, peer="peer")
    assert found["ours"].ratios == (2.0,)
    assert found["ours"].cpu_ms == 250
    assert found["peer"].ratio == 1.0
    assert timings(spent, sentences=4, peer="absent")["ours"].ratio is None
