"""What is found wrong before Ray starts, and how a failure is told on one line."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deployments.config import load
from deployments.launch.checks import (
    check,
    check_folder,
    find_application,
    name_hosts,
    set_environment,
)
from deployments.launch.server import reason
from pipeline.config import ROOT
from pipeline.errors import BundleError, UserError

MODEL = "csanmt-zh-en-tiny"


def test_sets_variables_from_the_file_but_none_that_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CSANMT_TEST_SET", "mine")
    for name in ("CSANMT_TEST_NEW", "CSANMT_TEST_DOLLAR", "CSANMT_TEST_BARE"):
        monkeypatch.setenv(name, "")  # so that it is taken away again
        monkeypatch.delenv(name)
    path = tmp_path / "serve.env"
    path.write_text(
        "# a comment with A=1\n\nCSANMT_TEST_SET=theirs\nCSANMT_TEST_NEW=a=b\n"
        "CSANMT_TEST_DOLLAR=${HOME}\nCSANMT_TEST_BARE\n",
        encoding="utf-8",
    )
    set_environment(path)
    assert os.environ["CSANMT_TEST_SET"] == "mine"
    assert os.environ["CSANMT_TEST_NEW"] == "a=b"
    assert os.environ["CSANMT_TEST_DOLLAR"] == "${HOME}"
    assert "CSANMT_TEST_BARE" not in os.environ and "A" not in os.environ


def application(**args: Any) -> dict[str, Any]:
    return {"name": "mine", "import_path": "deployments.app:build", "args": args}


def test_finds_the_application_and_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CSANMT_MODEL", raising=False)
    own = application(limits={"characters": 7})
    document = {"applications": [{"import_path": "other:app"}, own]}
    assert find_application(document, "a.yaml") is own
    assert check(own, "a.yaml").limits.characters == 7
    assert check({"import_path": "deployments.app:build"}, "a.yaml").limits.characters == 20_000


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"applications": None},
        {"applications": "x"},
        {"applications": [1, {"import_path": "other:app"}]},
    ],
)
def test_a_document_without_the_application_is_named(document: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"^a\.yaml: applications: expected one with import_path"):
        find_application(document, "a.yaml")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ([1], r"args: expected a mapping, found list"),
        ({"limits": {"characters": 0}}, r"args: limits\.characters: "),
    ],
)
def test_wrong_settings_are_named_with_the_file(args: Any, line: str) -> None:
    with pytest.raises(UserError, match=rf"^a\.yaml: {line}"):
        check({"args": args}, "a.yaml")


def test_bundles_are_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CSANMT_MODEL", raising=False)
    with pytest.raises(BundleError, match=r"^no-such/model\.yaml: expected a model bundle"):
        check(application(models=["no-such"]), "a.yaml")


def test_a_model_that_is_listed_twice_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CSANMT_MODEL", raising=False)
    twice = application(models=[MODEL, f"models/{MODEL}"])
    with pytest.raises(UserError, match=rf"^models: models/{MODEL} is listed twice: take one away"):
        check(twice, "a.yaml")


def test_two_models_of_one_name_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CSANMT_MODEL", raising=False)
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "models" / MODEL, copy, ignore=shutil.ignore_patterns("source"))
    line = rf"^models: {MODEL} and {copy} are both named {MODEL}: rename one in its model\.yaml"
    with pytest.raises(UserError, match=line):
        check(application(models=[MODEL, str(copy)]), "a.yaml")


def test_ray_has_a_folder_that_can_be_written_to(
    monkeypatch: pytest.MonkeyPatch, short: Path
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "local")
    monkeypatch.setenv("RAY_TMPDIR", str(short / "new"))
    check_folder()
    assert list(short.iterdir()) == [short / "new"]
    assert list((short / "new").iterdir()) == []


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short, as sockets need it."""
    with tempfile.TemporaryDirectory(prefix="cs", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("/dev/null", r"expected a folder that can be written to, found /dev/null \(File exists\)"),
        ("/dev/null/x", r"expected a folder that can be written to, found /dev/null/x \("),
        ("/tmp/" + "x" * 40, r"expected at most 39 bytes, .* found 45: name another folder"),
    ],
)
def test_a_folder_in_which_ray_cannot_work_is_named(
    monkeypatch: pytest.MonkeyPatch, folder: str, line: str
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", folder)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    check_folder()  # others have chosen theirs
    monkeypatch.setenv("RAY_ADDRESS", "local")
    with pytest.raises(UserError, match=f"^RAY_TMPDIR: {line}"):
        check_folder()


@pytest.mark.parametrize(
    ("host", "hosts"),
    [
        ("127.0.0.1", None),
        ("localhost", None),
        ("::1", None),
        ("0.0.0.0", ("*",)),
        ("::", ("*",)),
        ("10.0.0.7", ("localhost", "127.0.0.1", "[::1]", "10.0.0.7")),
        ("fd00::7", ("localhost", "127.0.0.1", "[::1]", "[fd00::7]")),
    ],
)
def test_the_names_that_are_answered_to_follow_from_the_host(
    host: str, hosts: tuple[str, ...] | None
) -> None:
    own = application(limits={"characters": 7})
    name_hosts(own, load(own["args"]), host)
    assert load(own["args"]).http.hosts == hosts
    assert load(own["args"]).limits.characters == 7


def test_names_that_are_configured_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    own = application(http={"hosts": ["a.example"]})
    name_hosts(own, load(own["args"]), "0.0.0.0")
    assert load(own["args"]).http.hosts == ("a.example",)
    monkeypatch.setenv("CSANMT__HTTP__HOSTS", "[b.example]")
    bare = application()
    name_hosts(bare, load(bare["args"]), "0.0.0.0")
    assert load(bare["args"]).http.hosts == ("b.example",)


def status(message: str, *deployments: str) -> Any:
    parts = {str(n): SimpleNamespace(message=text) for n, text in enumerate(deployments)}
    return SimpleNamespace(message=message, deployments=parts)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            status(
                "Deploying app failed:\nTraceback (most recent call last):\n"
                '  File "a.py", line 1, in build\n    raise UserError("x")\n'
                "pipeline.errors.UserError: a.yaml: limits: mend that value\n"
            ),
            "a.yaml: limits: mend that value",
        ),
        (
            status(
                "The deployment failed",
                "",
                "RuntimeError: while starting\n  ray.exceptions.RayTaskError(BundleError): "
                "m/step.onnx: expected 5 bytes",
            ),
            "m/step.onnx: expected 5 bytes",
        ),
        (status("no\n  error   here"), "no error here"),
    ],
)
def test_the_reason_of_a_failure_is_the_last_error_on_one_line(given: Any, line: str) -> None:
    assert reason(given) == line


def test_the_environment_file_that_is_shipped_can_be_read() -> None:
    before = dict(os.environ)
    try:
        set_environment(ROOT / "configs/serve.env")
        assert os.environ["RAY_AUTH_MODE"] == before.get("RAY_AUTH_MODE", "token")
    finally:
        os.environ.clear()
        os.environ.update(before)
