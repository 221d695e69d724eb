"""The walls between the rooms (README, "The tree")."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD_TIME = {"torch", "transformers", "optimum", "onnx", "quantize", "training"}
HTTP_AND_RAY = {"ray", "fastapi", "starlette", "uvicorn", "deployments"}


def imported(folder: str) -> Iterator[tuple[Path, str]]:
    """Top-level names of all modules that the folder's files import, also inside functions."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield path, node.module.split(".")[0]


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("pipeline", BUILD_TIME | HTTP_AND_RAY),
        ("deployments", BUILD_TIME),
        ("quantize", {"training"} | HTTP_AND_RAY),
        ("training", HTTP_AND_RAY),
    ],
)
def test_a_room_imports_only_what_it_may(folder: str, forbidden: set[str]) -> None:
    crossings = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in imported(folder)
        if name in forbidden
    ]
    assert crossings == []


def test_serving_loads_nothing_that_only_building_needs() -> None:
    check = (
        "import sys, deployments.app, deployments.launch.server, pipeline.translator;"
        f"print(sorted({BUILD_TIME!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
