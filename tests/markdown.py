"""The documentation's pages, and what stands in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh.md")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_TARGET = re.compile(r"\]\([^)]*\)")
_URL = re.compile(r"https?://[^\s)`，。；]+")


def read(page: str) -> str:
    """The text of a page, by its path from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def code_blocks(page: str, language: str) -> list[str]:
    """The contents of the fenced blocks in a language ("" for none), without their indentation."""
    return [
        re.sub(rf"^{block[1]}", "", block[3], flags=re.MULTILINE)
        for block in _FENCE.finditer(read(page))
        if block[2] == language
    ]


def without_code(page: str) -> str:
    """The text of a page without its fenced blocks."""
    return _FENCE.sub("", read(page))


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the tables in a section, headers and rules left out; code without its ticks.

    A section goes on to the next heading of any level.
    """
    section = without_code(page).partition(f"# {heading}\n")[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = {number for number, row in enumerate(cells) if set("".join(row)) <= set("-: ")}
    return [
        [cell.replace("\\|", "|") for cell in row]
        for number, row in enumerate(cells)
        if number not in rules and number + 1 not in rules
    ]


def named(cell: str) -> list[str]:
    """What a table's cell names in ticks."""
    return re.findall(r"`([^`]+)`", cell)


def anchors(page: str) -> set[str]:
    """The names by which headings are linked to, as GitHub makes them."""
    headings = (re.sub(r"\]\([^)]*\)", "", found) for found in _HEADING.findall(without_code(page)))
    return {re.sub(r"[^\w\- ]", "", found.lower()).strip().replace(" ", "-") for found in headings}


def links(page: str) -> Iterator[tuple[str, str]]:
    """The paths and anchors of the links to our own files; either may be ""."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def width(line: str) -> int:
    """Columns of a line without the targets of its links; a wide character takes two."""
    seen = _URL.sub("", _TARGET.sub("]", line))
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in seen)
