"""Nothing is told to anybody: the runtime's own reports are off, whoever imports it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config import ROOT

TRANSLATE = """
from pipeline.translator import Translator
with Translator.load("csanmt-zh-en-tiny") as translator:
    translator.translate("你好。")
"""


ROOMS = ("benchmarks", "quantize", "training")


@pytest.mark.parametrize("code", [TRANSLATE, *(f"import {x}, onnxruntime" for x in ROOMS)])
def test_the_runtime_keeps_no_record_of_its_use(code: str, tmp_path: Path) -> None:
    # Of this process's environment only what Python needs: some variables, such as CI, keep the
    # runtime quiet.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
