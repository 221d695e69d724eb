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
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment |= places | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_without_that_it_would(tmp_path: Path) -> None:
    """So that this is noticed where a release of the runtime changes its ways."""
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", "import onnxruntime"], env=environment, check=True)
    assert list(tmp_path.rglob("deviceid"))
