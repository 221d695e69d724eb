"""The page on documents lists the kinds and limits that the code has, and its program runs."""

from __future__ import annotations

from dataclasses import asdict

from pipeline.documents import EXTENSIONS, DocumentLimits
from tests.docs.test_examples import run
from tests.markdown import code_blocks, named, rows

PAGE = "docs/documents.md"


def test_every_kind_of_document_is_listed() -> None:
    listed = [extension for first, *_ in rows(PAGE, "Kinds") for extension in named(first)]
    assert sorted(listed) == sorted(EXTENSIONS)


def test_every_limit_has_its_value() -> None:
    listed = {name.strip("`"): value for name, value, _ in rows(PAGE, "Limits")}
    assert listed == {name: f"{value:,}" for name, value in asdict(DocumentLimits()).items()}


def test_the_program_prints_the_first_line_of_the_translation() -> None:
    (program,) = code_blocks(PAGE, "python")
    assert run(program).endswith(" .txt\n")
    assert run(program).removesuffix(" .txt\n").isascii()
