"""The walls between the folders of quantize/."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in sorted((ROOT / "quantize").rglob("*.py"))
}
FORBIDDEN = {
    "sources": ("graphs", "int8", "bundles", "judge", "csanmt"),
    "int8": ("sources", "graphs", "bundles", "judge", "csanmt"),
    "graphs": ("sources", "bundles", "judge", "csanmt"),
    "judge": ("sources", "bundles", "csanmt"),
    "bundles": ("csanmt",),
    "csanmt": ("graphs", "int8", "bundles", "judge"),
}


def imports(name: str) -> set[str]:
    """Modules of quantize/ that a module imports, also inside its functions."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & {module.removesuffix(".__init__") for module in MODULES}


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    forbidden = tuple(f"quantize.{name}" for name in FORBIDDEN[folder])
    crossings = [
        f"{name} imports {module}"
        for name in MODULES
        if name.startswith(f"quantize.{folder}.")
        for module in imports(name)
        if f"{module}.".startswith(tuple(f"{wall}." for wall in forbidden))
    ]
    assert crossings == []
