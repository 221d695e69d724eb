"""What holds of every page: links lead somewhere, what is named exists, lines are short."""

from __future__ import annotations

import re

import pytest

from tests.markdown import PAGES, ROOT, anchors, links, read, width, without_code

FOLDERS = "benchmarks|configs|deployments|docs|models|pipeline|quantize|requirements|tests|training"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./*-]+|(?:serve_config\.yaml|pyproject\.toml|Makefile))`")
NOT_THERE = re.compile(r"\bNAME\b|models/(?:opus|mine)\b")  # examples of what users make
COLUMNS = 100


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page: str) -> None:
    for path, anchor in links(page):
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target.relative_to(ROOT).as_posix()), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES)
def test_paths_are_of_files_that_exist(page: str) -> None:
    if page == "CHANGELOG.md":  # tells of what was, too
        return
    for path in PATH.findall(without_code(page)):
        if not NOT_THERE.search(path):
            assert list(ROOT.glob(path.rstrip("/"))), path


@pytest.mark.parametrize("page", PAGES)
def test_lines_are_short_but_for_tables_code_and_addresses(page: str) -> None:
    lines = [line for line in without_code(page).splitlines() if not line.startswith("|")]
    assert [line for line in lines if width(line) > COLUMNS] == []


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:`|^\s*|&& |; )make ([a-z][a-z-]*)", read(page), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_index_names_every_page() -> None:
    indexed = {path for path, _ in links("docs/README.md")}
    pages = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")}
    assert pages - indexed == {"README.md"}


def test_the_walk_names_each_file_once() -> None:
    walk = read("docs/architecture.md").partition("## The way of one sentence")[2]
    files = re.findall(r"`([\w/]+\.py)`", walk.partition("\nTypes that travel")[0])
    assert len(files) == len(set(files)) > 25
