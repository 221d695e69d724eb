"""Building and publishing bundles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.bundle import Bundle, Gate
from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError
from quantize.bundles.build import build, usual_recipe
from quantize.bundles.drafts import Drafts
from quantize.int8.recipes import load_recipe
from quantize.judge.gate import Verdict
from quantize.sources import open_source
from tests.reference import FOLDER

SOURCE = resolve(DEFAULT_MODEL) / "source"
FAILED = Gate(kind="quick", passed=False, failures=("it lost its mind",))


def failing(_: Drafts, __: Bundle) -> Verdict:
    return Verdict(FAILED, {})


@pytest.mark.quantize
def test_building_twice_gives_the_same_files(tmp_path: Path) -> None:
    first, second = (build(SOURCE, load_recipe("row-63"), tmp_path / str(n)) for n in range(2))
    assert first.manifest.files == second.manifest.files


@pytest.mark.quantize
def test_a_bundle_that_fails_is_not_written_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "model"
    with pytest.raises(UserError, match=r"lost its mind.*--force"):
        build(SOURCE, load_recipe("row-63"), out, verdict_of=failing)
    assert not out.exists()
    bundle = build(SOURCE, load_recipe("row-63"), out, verdict_of=failing, force=True)
    assert bundle.manifest.gate == FAILED.model_copy(update={"forced": True})


@pytest.mark.quantize
def test_the_quick_gate_refuses_a_model_broken_by_its_quantisation(tmp_path: Path) -> None:
    coarse = load_recipe("row-63").model_copy(update={"weight_limit": 3})
    with pytest.raises(UserError, match="log p"):
        build(SOURCE, coarse, tmp_path / "model")


def test_a_file_is_no_place_for_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file", encoding="utf-8")
    with pytest.raises(UserError, match="is a file"):
        build(FOLDER / "tiny_abs_shared", load_recipe("fp32"), tmp_path / "model")


def test_large_models_are_not_rounded_by_calibration_unless_asked() -> None:
    source = open_source(FOLDER / "tiny_abs_shared")
    assert usual_recipe(source) == "row-63-gptq"
    large = replace(source, network=replace(source.network, hidden_size=1024))
    assert usual_recipe(large) == "row-63"
