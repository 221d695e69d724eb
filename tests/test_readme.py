"""What the READMEs show works as shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[1]
READMES = ["README.md", "README.zh.md"]


@pytest.mark.parametrize("name", READMES)
def test_the_curl_example_gives_an_answer_of_the_form_shown(name: str, service_url: str) -> None:
    readme = (ROOT / name).read_text(encoding="utf-8")
    body, shown = re.search(r"-d '(\{.*?\})'\n(\{.*?\})\n", readme).groups()  # type: ignore[union-attr]
    headers = {"Content-Type": "application/json"}
    url = f"{service_url}/translate"
    answer = httpx.post(url, content=body.encode(), headers=headers, timeout=60).json()
    example = json.loads(shown)
    assert list(answer) == list(example)
    assert answer["input"] == example["input"]
    assert answer["output"].isascii() and answer["output"].endswith(".")


@pytest.mark.parametrize("name", READMES)
def test_the_python_example_runs(name: str) -> None:
    readme = (ROOT / name).read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]  # type: ignore[index]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip().isascii()) == (0, True)


@pytest.mark.parametrize("name", READMES)
def test_every_file_that_it_links_to_exists(name: str) -> None:
    readme = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", READMES)
def test_every_make_target_that_it_names_exists(name: str) -> None:
    readme = (ROOT / name).read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z-]+)", readme)) - {"alone"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
