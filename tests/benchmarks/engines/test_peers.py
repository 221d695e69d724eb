"""Bergamot and CTranslate2 on files that our import reads too, tried on toy shapes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.quantize

# What stands in for Bergamot: it takes CPU time, translates to the limit, and stops when told to.
STAND_IN = """
import json, math, sys, time
for line in sys.stdin:
    name, *given = json.loads(line)
    if name == "spent":
        print(json.dumps(time.process_time()), flush=True)
    elif name == "peak":
        print(12_000_000, flush=True)
    elif given[2] > 4:
        sys.exit("a line\\nError: no such beam")
    else:
        while time.process_time() < 0.3:
            pass
        lines, factor, beam = given
        print([math.ceil((len(text.split()) + 1) * factor) for text in lines], flush=True)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Python of an environment that is ready, whose Bergamot is the stand-in."""
    from benchmarks.engines import bergamot

    worker = tmp_path / "worker.py"
    worker.write_text(STAND_IN, encoding="utf-8")
    monkeypatch.setattr(bergamot, "WORKER", worker)
    place = tmp_path / f"bergamot-{bergamot.VERSION}"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(sys.executable)
    (place / "ready").touch()
    return bergamot.environment(place)


@pytest.fixture
def runner(stand_in: Path) -> Iterator[object]:
    from benchmarks.engines.bergamot import Bergamot

    with closing(Bergamot(stand_in, Path("nowhere"))) as found:
        yield found


def rows(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((folder / "results.json").read_bytes())["rows"]
    return found


def bench(model: str, folder: Path, *options: str) -> int:
    from benchmarks.engines.__main__ import main

    places = ["--work", str(folder), "--out", str(folder)]
    given = ["--recipes", "static-63", "--quick", "--rounds", "1", *places, *options]
    return main(["--models", model, *given])


def test_students_run_beside_bergamot(tmp_path: Path, stand_in: Path) -> None:
    assert stand_in.is_file()
    assert bench("firefox-toy", tmp_path) == 0
    results = json.loads((tmp_path / "results.json").read_bytes())
    assert results["versions"]["bergamot"] == "0.4.5"
    found = rows(tmp_path)
    assert [(row["engine"], row["batch"]) for row in found] == [
        (engine, batch)
        for batch in (1, 8, 32)
        for engine in ("csanmt-serve", "bergamot-int8", "bergamot-int8-shortlist")
    ]
    assert {row["peer"] for row in found} == {"bergamot-int8"}
    plain, short = (row for row in found if row["batch"] == 1 and row["engine"] != "csanmt-serve")
    assert plain["vs_peer"] == 1.0
    assert plain["peak_rss_mb"] == 12
    # It reads the shortlist only where it has one.
    assert float(str(short["disk_mb"])) > float(str(plain["disk_mb"])) > 0.2


def test_without_python_3_10_bergamot_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bench("firefox-toy", tmp_path, "--no-memory", "--peers", "bergamot-int8") == 0
    lines = capsys.readouterr().err.replace("\n", " ")
    assert "without bergamot-int8: there is no python3.10: install it, or uv" in lines
    assert {row["engine"] for row in rows(tmp_path)} == {"csanmt-serve"}
    assert {row["vs_peer"] for row in rows(tmp_path)} == {None}


def test_without_a_registry_bergamot_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.engines import bergamot
    from pipeline.errors import UserError

    failing = tmp_path / "uv"
    failing.write_text("#!/bin/sh\necho trying >&2\necho no registry >&2\nexit 2\n")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(UserError, match=r"uv venv .* failed: no registry"):
        bergamot.environment(tmp_path / "env")


def test_an_engine_that_fails_is_named(runner: object) -> None:
    from benchmarks.engines.bergamot import Bergamot
    from pipeline.errors import UserError

    assert isinstance(runner, Bergamot)
    with pytest.raises(UserError, match="Bergamot stopped: Error: no such beam"):
        runner.translate([(300, 301)], 5, [4])


@pytest.mark.parametrize(("tokens", "length"), [(24, 32), (96, 96), (7, 3), (128, 256)])
def test_the_limit_is_the_length_that_is_asked_for(
    runner: object, tokens: int, length: int
) -> None:
    from benchmarks.engines.bergamot import Bergamot

    assert isinstance(runner, Bergamot)
    sources = [tuple(range(300, 300 + tokens))] * 2
    assert runner.translate(sources, 1, [length] * 2) == [length] * 2


def test_the_time_of_another_process_is_its_own(runner: object) -> None:
    from benchmarks.engines.bergamot import Bergamot
    from benchmarks.engines.measure import Cell, race

    assert isinstance(runner, Bergamot)
    before = time.process_time()
    found = race({"it": runner}, [(300, 301)], Cell(1, 1, 2, 3), rounds=1, peer="it")["it"]
    spent = runner.cpu_seconds()
    assert spent > 0.3 > time.process_time() - before
    assert 0 < found.cpu_ms < spent * 1000


def test_translations_of_another_length_are_no_comparison() -> None:
    from benchmarks.engines.measure import Cell, race
    from pipeline.errors import UserError

    class Short:
        def translate(
            self,
            sources: Sequence[tuple[int, ...]],
            beam: int,
            lengths: Sequence[int],
        ) -> list[int]:
            return [length - beam for length in lengths[: len(sources)]]

        def close(self) -> None: ...

    with pytest.raises(UserError, match=r"it gave \[2\] tokens, not 3 each"):
        race({"it": Short()}, [(300, 301)], Cell(1, 1, 2, 3), rounds=1, peer="it")


@pytest.mark.parametrize(("model", "decoder"), [("argos-toy", 2), ("quickmt-toy", 1)])
def test_ctranslate2_runs_the_file_that_ours_is_imported_from(
    tmp_path: Path, model: str, decoder: int
) -> None:
    from pipeline.bundle import read_manifest

    assert bench(model, tmp_path, "--no-memory") == 0
    found = rows(tmp_path)
    assert [row["engine"] for row in found] == ["csanmt-serve", "ctranslate2-int8"] * 3
    assert {row["peer"] for row in found} == {"ctranslate2-int8"}
    files = {path.name for path in (tmp_path / model).iterdir()}
    assert files == {"source", "static-63"}  # nothing was converted for CTranslate2
    manifest = read_manifest(tmp_path / model / "static-63")
    assert manifest.dimensions.num_decoder_layers == decoder
    assert manifest.decoding.rules == "ctranslate2"


def test_a_students_files_are_those_of_firefox(tmp_path: Path) -> None:
    from sentencepiece import SentencePieceProcessor

    from benchmarks.engines.invented import text
    from benchmarks.engines.students import STUDENTS, VOCABULARY, student
    from quantize.sources import open_source

    folder = student(STUDENTS["firefox-toy"], tmp_path / "source")
    source = open_source(folder)
    assert source.network.decoder == "ssru"
    assert len(source.network.banned) == 33  # the unknown token, and bytes that begin nothing
    assert source.network.stored_scales["encoder.0.ffn.inner.weight"].shape == (128,)
    assert (source.languages.source, source.languages.target) == ("zh", "en")
    vocabulary = SentencePieceProcessor(model_file=str(folder / VOCABULARY))
    assert vocabulary.encode(text((300, 999, 511))) == [300, 999, 511]


def test_a_students_size_is_the_published_one(tmp_path: Path) -> None:
    from benchmarks.engines.students import MODEL, STUDENTS, student

    folder = student(STUDENTS["firefox-base-memory"], tmp_path / "source")
    # Mozilla's has 571 bytes more of options.
    assert (folder / MODEL).stat().st_size == pytest.approx(43_977_787, abs=1000)


def test_argoss_size_is_the_published_one(tmp_path: Path) -> None:
    from benchmarks.engines.shapes import SHAPES, shaped
    from quantize.sources.ctranslate2.open import MODEL

    folder = shaped(SHAPES["argos"], tmp_path / "source")
    assert (folder / MODEL).stat().st_size == pytest.approx(82_713_318, abs=100)


def test_a_peer_that_cannot_run_the_model_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("argos-toy", tmp_path, "--peers", "bergamot-int8") == 2
    wanted = "no engine bergamot-int8 for argos-toy: choose of ctranslate2-int8"
    assert wanted in capsys.readouterr().err
