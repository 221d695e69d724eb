"""A bundle takes another one's place whole, and leaves alone what is not its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pipeline.bundle import Bundle, Gate
from pipeline.errors import UserError
from quantize.bundles.build import build, make
from quantize.bundles.drafts import Drafts
from quantize.bundles.publish import publish
from quantize.int8.recipes import load_recipe
from quantize.judge.gate import Verdict
from quantize.sources import open_source
from tests.reference import FOLDER

SOURCE = FOLDER / "tiny_abs_shared"
PASSED = Verdict(Gate(kind="quick", passed=True), {})
RECIPES = ("fp32", "row-63", "dynamic-63")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A bundle of each recipe, not published yet."""
    folder = tmp_path_factory.mktemp("made")
    drafts = Drafts(open_source(SOURCE), folder)
    return {name: make(drafts, load_recipe(name), folder / name) for name in RECIPES}


@pytest.fixture
def bundle(made: dict[str, Bundle], tmp_path: Path) -> Callable[[str], Bundle]:
    """A copy that a test may publish."""
    numbers = count()

    def copy(recipe: str) -> Bundle:
        folder = tmp_path / f"copy-{next(numbers)}"
        return Bundle(Path(shutil.copytree(made[recipe].path, folder)), made[recipe].manifest)

    return copy


@pytest.fixture
def out(bundle: Callable[[str], Bundle], tmp_path: Path) -> Path:
    """A published bundle of row-63, with a model card, a source and a report."""
    folder = tmp_path / "models" / "toy"
    publish(bundle("row-63"), folder, PASSED)
    (folder / "README.md").write_text("the card", encoding="utf-8")
    (folder / "source" / "deep").mkdir(parents=True)
    (folder / "source" / "deep" / "weights").write_bytes(b"weights")
    (folder / "source" / "latest").symlink_to("deep/weights")
    (folder / "report").mkdir()
    (folder / "report" / "plot.png").write_bytes(b"plot")
    (folder / "report.md").write_text("row-63 passed", encoding="utf-8")
    (folder / "report.json").write_text("{}", encoding="utf-8")
    return folder


def assert_the_users_files_are_there(folder: Path) -> None:
    assert (folder / "README.md").read_text(encoding="utf-8") == "the card"
    assert (folder / "source" / "deep" / "weights").read_bytes() == b"weights"
    assert (folder / "source" / "latest").readlink() == Path("deep/weights")


def reports(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("report*")}


def test_what_is_not_the_bundles_own_stays(bundle: Callable[[str], Bundle], out: Path) -> None:
    assert publish(bundle("fp32"), out, PASSED).manifest.recipe["name"] == "fp32"
    assert_the_users_files_are_there(out)
    assert [path.name for path in out.parent.iterdir()] == ["toy"]


def test_a_report_on_another_recipe_goes_though_the_weights_are_the_same(
    made: dict[str, Bundle], bundle: Callable[[str], Bundle], out: Path
) -> None:
    row, dynamic = made["row-63"].manifest.files, made["dynamic-63"].manifest.files
    assert row["weights.bin"] == dynamic["weights.bin"]
    assert row["step.onnx"] != dynamic["step.onnx"]
    publish(bundle("dynamic-63"), out, PASSED)
    assert reports(out) == set()


def test_a_report_on_the_same_bundle_stays(bundle: Callable[[str], Bundle], out: Path) -> None:
    publish(bundle("row-63"), out, PASSED)
    assert reports(out) == {"report", "report.md", "report.json"}
    assert (out / "report" / "plot.png").read_bytes() == b"plot"


def test_a_report_beside_a_manifest_that_cannot_be_read_goes(
    bundle: Callable[[str], Bundle], out: Path
) -> None:
    (out / "model.yaml").write_text("contract: 1\n", encoding="utf-8")
    publish(bundle("row-63"), out, PASSED)
    assert reports(out) == set()
    assert_the_users_files_are_there(out)


def test_files_that_the_new_bundle_lacks_go(bundle: Callable[[str], Bundle], out: Path) -> None:
    (out / "calibration.json").write_text("{}", encoding="utf-8")
    published = publish(bundle("fp32"), out, PASSED)
    left = {path.name for path in out.iterdir()}
    assert left == {*published.manifest.files, "model.yaml", "README.md", "source"}


@pytest.mark.parametrize("call", range(8))
def test_a_bundle_is_the_old_or_the_new_one_wherever_publishing_is_broken_off(
    call: int, bundle: Callable[[str], Bundle], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KeyboardInterrupt comes in place of one of the calls that move files."""
    fresh, calls = bundle("fp32"), count()

    def broken_off(function: Callable[..., Any]) -> Callable[..., Any]:
        def maybe(*args: Any, **kwargs: Any) -> Any:
            if next(calls) == call:
                raise KeyboardInterrupt
            return function(*args, **kwargs)

        return maybe

    with monkeypatch.context() as patched:
        for name in ("rename", "replace", "link"):
            patched.setattr(os, name, broken_off(getattr(os, name)))
        try:
            publish(fresh, out, PASSED)
            interrupted = False
        except KeyboardInterrupt:
            interrupted = True
    assert interrupted == (next(calls) > call)
    found = Bundle.load(out).manifest.recipe["name"]
    assert found == ("row-63" if interrupted else "fp32")
    assert_the_users_files_are_there(out)


def test_what_a_stopped_machine_left_is_put_back(
    bundle: Callable[[str], Bundle], out: Path
) -> None:
    """Between the two renames, the old bundle lies beside its place."""
    out.rename(out.with_name(".toy-old"))
    out.with_name(".toy-new").mkdir()
    assert publish(bundle("fp32"), out, PASSED).manifest.recipe["name"] == "fp32"
    assert_the_users_files_are_there(out)
    assert [path.name for path in out.parent.iterdir()] == ["toy"]


def test_files_are_copied_where_they_cannot_be_linked(
    bundle: Callable[[str], Bundle], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refused)
    publish(bundle("fp32"), out, PASSED)
    assert_the_users_files_are_there(out)


def test_a_link_to_the_bundles_folder_stays_a_link(
    bundle: Callable[[str], Bundle], out: Path, tmp_path: Path
) -> None:
    (tmp_path / "latest").symlink_to(out)
    assert publish(bundle("fp32"), tmp_path / "latest", PASSED).path == out
    assert (tmp_path / "latest").is_symlink()


def test_a_mount_point_is_no_place_for_a_bundle() -> None:
    with pytest.raises(UserError, match="mount point"):
        build(SOURCE, load_recipe("fp32"), Path("/proc"))
