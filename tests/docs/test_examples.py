"""Programs that the pages show run, and do what is said of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.config import load
from deployments.store.upgrade import prepare
from tests.markdown import ROOT, code_blocks, read


def run(program: str) -> str:
    """What a program prints, run where the README is."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    return done.stdout


def test_a_nearer_limit_saves_the_steps_that_the_page_says() -> None:
    (program,) = code_blocks("docs/csanmt.md", "python")
    page = " ".join(read("docs/csanmt.md").split())
    (short, long) = re.findall(r"takes (\d+) steps instead of (\d+)", page)[0]
    (tokens,) = re.findall(r"The answer is the same, (\d+) tokens", page)
    printed = [line.split()[:3] for line in run(program).splitlines()]
    assert printed == [["200", long, tokens], ["30", short, tokens]]


def test_the_state_is_copied_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME")
    prepare(load({}).store, nodes=1)
    (program,) = (block for block in code_blocks("docs/state.md", "sh") if "VACUUM" in block)
    program = program.replace(".venv/serve/bin/python", sys.executable)
    subprocess.run(["bash", "-c", program], cwd=tmp_path, check=True)
    copy = tmp_path / "backup.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    prepare(load({"store": {"url": str(copy)}}).store, nodes=1)


def test_the_client_that_comes_back_after_503_translates(service_url: str) -> None:
    (program,) = code_blocks("docs/how-to/busy.md", "python")
    (text,) = re.findall(r'translate\("(.+?)"\)', program)
    assert text in read("README.md")  # which shows its translation
    address = "http://127.0.0.1:8000"
    assert (
        run(program.replace(address, service_url)) == "Please enter your username and password.\n"
    )
