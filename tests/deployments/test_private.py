from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.private import keep_files_private


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home and a folder for temporary files of the test's own; the latter."""
    (tmp_path / "home/.ray").mkdir(parents=True)
    (tmp_path / "tmp").mkdir(mode=0o777)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("RAY_TMPDIR", "")  # so that it is taken away again
    monkeypatch.delenv("RAY_TMPDIR")
    monkeypatch.setenv("RAY_ADDRESS", "local")
    before = os.umask(0o022)
    yield tmp_path / "tmp"
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_written_is_for_this_user_alone() -> None:
    keep_files_private()  # without a token yet
    token = Path.home() / ".ray/auth_token"
    token.write_text("secret")
    assert mode(token) == 0o600
    token.chmod(0o644)
    keep_files_private()
    assert mode(token) == 0o600 and token.read_text() == "secret"


def test_sessions_lie_in_the_same_folder_of_this_user_at_every_start(places: Path) -> None:
    keep_files_private()
    folder = Path(os.environ["RAY_TMPDIR"])
    assert folder.parent == places and mode(folder) == 0o700
    del os.environ["RAY_TMPDIR"]
    keep_files_private()
    assert os.environ["RAY_TMPDIR"] == str(folder)


@pytest.mark.parametrize("kind", ["open folder", "link", "file"])
def test_what_somebody_else_put_in_its_place_is_not_used(places: Path, kind: str) -> None:
    place = places / f"csanmt-{os.getuid()}"
    if kind == "open folder":
        place.mkdir()
        place.chmod(0o777)
    elif kind == "link":
        (places / "other").mkdir(mode=0o700)
        place.symlink_to(places / "other")
    else:
        place.write_text("")
    keep_files_private()
    folder = Path(os.environ["RAY_TMPDIR"])
    assert folder.parent == places and folder != place and mode(folder) == 0o700


def test_a_folder_that_is_named_and_a_cluster_that_runs_already_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    keep_files_private()
    assert "RAY_TMPDIR" not in os.environ
    monkeypatch.setenv("RAY_ADDRESS", "local")
    monkeypatch.setenv("RAY_TMPDIR", "/elsewhere")
    keep_files_private()
    assert os.environ["RAY_TMPDIR"] == "/elsewhere"
