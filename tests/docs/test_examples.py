"""Programs that the pages show run, and do what is said of them."""

from __future__ import annotations

import re
import subprocess
import sys

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


def test_the_client_that_comes_back_after_503_translates(service_url: str) -> None:
    (program,) = code_blocks("docs/how-to/busy.md", "python")
    (text,) = re.findall(r'translate\("(.+?)"\)', program)
    assert text in read("README.md")  # which shows its translation
    address = "http://127.0.0.1:8000"
    assert (
        run(program.replace(address, service_url)) == "Please enter your username and password.\n"
    )
