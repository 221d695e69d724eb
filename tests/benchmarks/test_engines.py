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

    asked = [
        "--quick",
        "--rounds",
        "1",
        "--work",
        str(tmp_path),
        "--out",
        str(tmp_path),
        "--no-memory",
    ]
    assert main(["--models", "marian-toy", "--recipes", "static-63,fp32", *asked]) == 0
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert found["cpu"] and found["versions"]["ctranslate2"]
    engines = {(row["engine"], row["recipe"]) for row in found["rows"]}
    ours = {("csanmt-serve", "static-63"), ("csanmt-serve", "fp32")}
    assert engines == ours | {
        ("ctranslate2-int8", "int8"),
        ("optimum-int8", "int8"),
        ("torch-fp32", "fp32"),
    }
    short = [row for row in found["rows"] if row["lengths"] == "24/32"]
    assert all(row["cpu_ms"] > 0 and row["vs_ct2_int8"] > 0 for row in short)
    assert {row["vs_ct2_int8"] for row in short if row["engine"] == "ctranslate2-int8"} == {1.0}
    assert [row["lengths"] for row in found["rows"] if row["batch"] is None] == [
        "mixed, in flight",
        "mixed, batches",
    ]
    assert (tmp_path / "results.png").stat().st_size > 10_000
    assert "static-63" in capsys.readouterr().out


def test_the_published_shape_is_compared_with_optimum_in_one_engine(tmp_path: Path) -> None:
    from benchmarks.engines import models
    from benchmarks.engines.field import GRAPHS, entrants
    from benchmarks.engines.memory import peak_mb
    from benchmarks.engines.race import Cell, race
    from quantize.progress import no_report

    field = entrants("csanmt-toy", ["row-63", "fp32"], [GRAPHS], tmp_path, no_report)
    assert list(field) == ["csanmt-serve row-63", "csanmt-serve fp32", GRAPHS]
    cell = Cell(2, 4, 6, 6)
    runners = {name: entrant.open() for name, entrant in field.items()}
    timings = race(runners, models.sources("csanmt-toy", 2, 6), cell, rounds=1)
    assert all(timing.cpu_ms > 0 and timing.ratio is None for timing in timings.values())
    fp32 = field["csanmt-serve fp32"]
    assert (
        10 < peak_mb(fp32.engine, fp32.folder, None, models.sources("csanmt-toy", 2, 6), 4, 6) < 150
    )
    assert (
        max(field[name].disk_mb for name in (GRAPHS, "csanmt-serve row-63"))
        < 0.6 * field["csanmt-serve fp32"].disk_mb
    )


def test_a_recipe_that_needs_text_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.engines.__main__ import main

    assert (
        main(
            [
                "--models",
                "marian-toy",
                "--recipes",
                "row-63-gptq",
                "--work",
                str(tmp_path),
                "--peers",
                "",
            ]
        )
        == 2
    )
    assert "row-63-gptq" in capsys.readouterr().err
    assert main(["--models", "none"]) == 2
    assert "no model none" in capsys.readouterr().err
