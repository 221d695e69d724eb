"""What holds of documents of every kind."""

from __future__ import annotations

from itertools import pairwise
from pathlib import PurePath

import pytest

from pipeline.documents import (
    DocumentError,
    DocumentLimits,
    DocumentTooLarge,
    UnreadableDocument,
    UnsupportedDocument,
    open_document,
)
from pipeline.documents.open import FAMILIES
from pipeline.text.normalise import HAN
from tests.pipeline.documents.samples import pseudo, samples

SAMPLES = samples()


def test_there_is_a_sample_of_each_kind() -> None:
    found = {PurePath(name).suffix for name in SAMPLES}
    assert [family for family in FAMILIES if not found & {*family.extensions}] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_texts_that_come_back_as_they_were_change_nothing(name: str) -> None:
    document = open_document(name, SAMPLES[name])
    assert document.texts
    assert all(HAN.search(text) for text in document.texts)
    assert len(document.texts) == len(set(document.texts))
    if document.extension == PurePath(name).suffix:
        assert document.write(document.texts) == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_translated_document_opens_again_with_nothing_left(name: str) -> None:
    document = open_document(name, SAMPLES[name])
    english = [f"{pseudo(text)} {number}" for number, text in enumerate(document.texts)]
    content = document.write(english)
    assert content == document.write(english)  # whoever asks again gets the same
    again = open_document(f"a{document.extension}", content)
    assert again.texts == ()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_translation_too_few_is_an_error(name: str) -> None:
    document = open_document(name, SAMPLES[name])
    with pytest.raises(ValueError, match="zip"):
        document.write(document.texts[1:])


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("other", ["a.docx", "a.pdf", "a.odt", "a.xlsx", "a.epub"])
def test_another_kind_than_the_extension_says_is_refused(name: str, other: str) -> None:
    if PurePath(name).suffix != PurePath(other).suffix:
        with pytest.raises(DocumentError) as refused:
            open_document(other, SAMPLES[name])
        assert str(refused.value).startswith(f"{other}: ")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_part_of_a_document_is_refused_or_read(name: str) -> None:
    content = SAMPLES[name]
    for start, end in pairwise([0, *range(1, len(content), max(1, len(content) // 40))]):
        for damaged in (content[:end], content[:start] + content[end:]):
            try:
                document = open_document(name, damaged)
                document.write([pseudo(text) for text in document.texts])
            except DocumentError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_empty_file_is_refused(name: str) -> None:
    with pytest.raises(UnreadableDocument, match=f"^{name}: is empty"):
        open_document(name, b"")


@pytest.mark.parametrize("name", SAMPLES)
def test_more_characters_than_the_limit_are_refused(name: str) -> None:
    with pytest.raises(DocumentTooLarge, match="more than 1 characters"):
        open_document(name, SAMPLES[name], DocumentLimits(characters=1))
    with pytest.raises(DocumentTooLarge, match="more than 9 bytes"):
        open_document(name, SAMPLES[name], DocumentLimits(bytes=9))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.exe", "give one of"),
        ("a", "give one of"),
        ("a.docm", "may have macros: save it as .docx"),
        ("a.xls", "is of an old kind: save it as .xlsx"),
    ],
)
def test_other_kinds_are_refused_with_what_to_do(name: str, remedy: str) -> None:
    with pytest.raises(UnsupportedDocument, match=remedy):
        open_document(name, b"x")


def test_the_extension_may_be_in_capitals_and_the_name_a_path() -> None:
    document = open_document("C:/texts/A.HTML", SAMPLES["a.html"])
    assert document.texts == open_document("a.html", SAMPLES["a.html"]).texts
