"""The walls between the rooms: which folder may import which (see docs/architecture.md)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("pipeline", "deployments", "quantize", "training", "benchmarks")
BUILD_TIME = {"torch", "transformers", "optimum", "onnx"}
HTTP_AND_RAY = {"ray", "fastapi", "starlette", "uvicorn"}
WRITTEN_FOR = {"pipeline": BUILD_TIME | HTTP_AND_RAY, "deployments": BUILD_TIME}
WRITTEN_FOR |= {"deployments.store": HTTP_AND_RAY}
WRITTEN_FOR |= {"quantize": HTTP_AND_RAY, "training": HTTP_AND_RAY}

# A room, and the rooms of ours that its modules may import beside their own. A module belongs to
# the longest name that it begins with; `pipeline.decode` stands for all that lies below it.
ROOMS: dict[str, set[str]] = {
    "pipeline.errors": set(),
    "pipeline.config": {"pipeline.errors"},
    "pipeline.bundle": {"pipeline.config", "pipeline.errors"},
    "pipeline.tokenizers": {"pipeline.bundle", "pipeline.errors"},
    "pipeline.glossary": {"pipeline.errors"},
    "pipeline.text": {
        "pipeline.bundle",
        "pipeline.errors",
        "pipeline.glossary",
        "pipeline.tokenizers",
    },
    "pipeline.decode": {"pipeline.bundle", "pipeline.config", "pipeline.errors"},
    "pipeline.answer": {
        "pipeline.bundle",
        "pipeline.decode.options",
        "pipeline.text",
        "pipeline.tokenizers",
    },
    "pipeline.walk": {"pipeline.answer", "pipeline.decode.options", "pipeline.text.prepared"},
    "pipeline.documents": {"pipeline.errors", "pipeline.files", "pipeline.text"},
    "pipeline": {"pipeline"},
    "deployments.errors": set(),
    "deployments.config": {"pipeline.config", "pipeline.errors"},
    "deployments.bundles": {"deployments.config", "pipeline.bundle", "pipeline.errors"},
    "deployments.logs": set(),
    "deployments.memory": set(),
    "deployments.store": {"deployments.config", "pipeline.errors", "pipeline.glossary"},
    "deployments.stages": {
        "deployments.config",
        "deployments.errors",
        "deployments.logs",
        "deployments.memory",
        "pipeline",
    },
    "deployments.request": {
        "deployments.config",
        "deployments.errors",
        "deployments.stages.interfaces",
        "deployments.stages.messages",
        "deployments.store.glossaries",
        "deployments.store.keys",
        "pipeline.answer.translation",
        "pipeline.bundle",
        "pipeline.decode.lanes",
        "pipeline.decode.options",
        "pipeline.glossary",
        "pipeline.text.language",
        "pipeline.text.prepared",
        "pipeline.text.sentences",
        "pipeline.text.terms",
        "pipeline.walk",
    },
    "deployments.service": {
        "deployments.config",
        "deployments.errors",
        "deployments.request",
        "deployments.stages.messages",
        "deployments.store",
        "pipeline.answer.translation",
        "pipeline.bundle",
        "pipeline.errors",
        "pipeline.text",
    },
    "deployments.documents": {
        "deployments.errors",
        "deployments.request.deadline",
        "deployments.request.wanted",
        "deployments.service",
        "deployments.store",
        "pipeline.answer.translation",
        "pipeline.documents",
        "pipeline.text.language",
    },
    "deployments.gateway.access": {"deployments.errors", "deployments.store.keys"},
    "deployments.gateway.json_body": {"deployments.errors"},
    "deployments.gateway.dialects": {
        "deployments.errors",
        "deployments.gateway.access",
        "deployments.gateway.json_body",
        "deployments.request.wanted",
        "deployments.service",
    },
    "deployments.gateway.api": {
        "deployments.config",
        "deployments.documents",
        "deployments.errors",
        "deployments.gateway.access",
        "deployments.gateway.json_body",
        "deployments.request.deadline",
        "deployments.request.vocabularies",
        "deployments.request.wanted",
        "deployments.service",
        "deployments.store.glossaries",
        "deployments.store.jobs",
        "deployments.store.keys",
        "pipeline.answer.translation",
        "pipeline.bundle",
        "pipeline.glossary",
        "pipeline.text.language",
        "pipeline.text.sentences",
    },
    "deployments.gateway.middleware": {
        "deployments.config",
        "deployments.errors",
        "deployments.gateway.dialects.base",
        "deployments.gateway.traffic",
        "deployments.store.errors",
        "pipeline.glossary",
    },
    "deployments.gateway": {
        "deployments.config",
        "deployments.documents",
        "deployments.errors",
        "deployments.front.rules",
        "deployments.logs",
        "deployments.memory",
        "deployments.request.decoding",
        "deployments.request.flow",
        "deployments.request.handles",
        "deployments.service",
        "deployments.stages.interfaces",
        "deployments.stages.postprocess",
        "deployments.stages.preprocess",
        "deployments.store.store",
        "pipeline.bundle",
        "pipeline.errors",
    },
    "deployments.front.environment": set(),
    "deployments.front.rules": set(),
    "deployments.front.sections": set(),
    "deployments.front.keeper": set(),
    "deployments.front": {"deployments.private"},
    "deployments.private": set(),
    "deployments.launch": {
        "deployments.app",
        "deployments.bundles",
        "deployments.config",
        "deployments.front.environment",
        "deployments.private",
        "pipeline",
    },
    "deployments": {"deployments", "pipeline"},
    "quantize.progress": set(),
    "quantize.network": {"pipeline.bundle"},
    "quantize.sentences": {"pipeline"},
    "quantize.machine": {"pipeline.config", "quantize.progress"},
    "quantize.sources": {
        "pipeline",
        "quantize.network",
        "quantize.progress",
        "quantize.sentences",
    },
    "quantize.int8": {"pipeline", "quantize.network", "quantize.progress", "quantize.sentences"},
    "quantize.graphs": {
        "pipeline.bundle",
        "quantize.int8",
        "quantize.network",
        "quantize.progress",
    },
    "quantize.judge": {
        "pipeline",
        "quantize.int8.recipes",
        "quantize.machine",
        "quantize.progress",
        "quantize.sentences",
    },
    "quantize.csanmt": {
        "pipeline.errors",
        "pipeline.tokenizers.subwords",
        "quantize.network",
        "quantize.progress",
        "quantize.sources",
    },
    "quantize.bundles": {
        "pipeline",
        "quantize.graphs",
        "quantize.int8",
        "quantize.judge",
        "quantize.network",
        "quantize.progress",
        "quantize.sentences",
        "quantize.sources",
    },
    "quantize": {"pipeline", "quantize"},
    "training": {"pipeline", "quantize"},
    "benchmarks": {"deployments", "pipeline", "quantize", "training"},
}


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(paths)
    }


MODULES = modules()


def imported(path: Path) -> Iterator[str]:
    """What a file imports, also inside functions: our modules, and others by their first name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (ours(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (ours(f"{node.module}.{alias.name}") for alias in node.names)


def ours(name: str) -> str:
    """The module that a dotted name lies in, or the first part of a name that is not ours."""
    parts = name.split(".")
    known = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((module for module in known if module in MODULES), parts[0])


def room(module: str) -> str:
    found = [name for name in ROOMS if module == name or module.startswith(f"{name}.")]
    return max(found, key=len, default="")


def may_enter(module: str, other: str) -> bool:
    allowed = ROOMS[room(module)] | {room(module)}
    return any(other == name or other.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("name", sorted(ROOMS))
def test_a_room_imports_only_what_it_may(name: str) -> None:
    crossings = [
        f"{module} imports {other}"
        for module, path in MODULES.items()
        if room(module) == name
        for other in imported(path)
        if other in MODULES and not may_enter(module, other)
    ]
    assert crossings == []


@pytest.mark.parametrize("package", sorted(WRITTEN_FOR))
def test_a_package_imports_no_library_that_it_should_do_without(package: str) -> None:
    crossings = [
        f"{module} imports {other}"
        for module, path in MODULES.items()
        if module == package or module.startswith(f"{package}.")
        for other in imported(path)
        if other in WRITTEN_FOR[package]
    ]
    assert crossings == []


def test_every_module_has_a_room() -> None:
    assert [module for module in MODULES if not room(module)] == []


def test_no_modules_import_one_another_in_a_circle() -> None:
    arrows = {
        module: {other for other in imported(path) if other in MODULES and other != module}
        for module, path in MODULES.items()
    }
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_serving_loads_nothing_that_only_building_needs() -> None:
    check = (
        "import sys, deployments.app, deployments.launch.server, pipeline.translator;"
        f"print(sorted({BUILD_TIME | {'quantize', 'training'}!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_ingress_loads_the_libraries_of_documents_only_for_a_document() -> None:
    check = (
        "import sys, deployments.gateway.ingress;"
        "print(sorted({'lxml', 'markdown_it', 'polib', 'pypdf', 'alembic', 'redis'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
