"""Plain texts in their encodings, subtitles, and the text of a PDF."""

from __future__ import annotations

import codecs
import re

import pysubs2
import pytest

from pipeline.documents import UnreadableDocument, open_document
from pipeline.documents.families.text import rewrite_text
from tests.pipeline.documents.samples import ALPHA, SUBRIP, WEBVTT, pdf, pseudo

SENTENCE = "今天天气很好，我们去公园散步。\r\n\r\n第二段。"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("gb18030", b""),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_a_text_is_written_in_its_own_encoding(encoding: str, mark: bytes) -> None:
    document = open_document("a.txt", mark + SENTENCE.encode(encoding))
    assert document.texts == ("今天天气很好，我们去公园散步。", "第二段。")
    assert document.write(["Fine – é.", "Two."]) == mark + "Fine – é.\r\n\r\nTwo.".encode(encoding)
    assert bool(document.notes) == (encoding not in ("utf-8",))


def test_an_encoding_that_lacks_a_character_becomes_utf8() -> None:
    document = open_document("a.txt", "今天天氣很好，我們去公園散步。".encode("big5"))
    assert document.texts == ("今天天氣很好，我們去公園散步。",)
    assert document.write(["café €"]) == "café €".encode()
    assert document.write(["Fine."]) == b"Fine."


def test_a_page_is_written_in_the_encoding_that_it_names() -> None:
    page = '<meta charset="gb2312"><p>镕好</p>'  # beyond GB 2312, as such pages are
    document = open_document("a.html", page.encode("gb18030"))
    assert document.texts == ("镕好",)
    assert document.write(["é"]) == '<meta charset="gb2312"><p>é</p>'.encode("gb18030")


@pytest.mark.parametrize("content", [b"a\x00b", b"\xff\xfe\x00", bytes(range(128, 256)) * 9])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        open_document("a.txt", content)


def test_blank_lines_within_code_do_not_part_it() -> None:
    seen: list[str] = []

    def swap(text: str) -> str:
        seen.append(text)
        return text

    source = "一。\n\n```\n代码\n\n代码\n```\n\n二。\n"
    assert rewrite_text(source, swap) == source
    assert seen == ["一。", "```\n代码\n\n代码\n```", "二。\n"]


@pytest.mark.parametrize(
    ("name", "source", "kind"),
    [("a.srt", SUBRIP, "srt"), ("a.vtt", WEBVTT, "vtt"), ("a.ass", ALPHA, "ass")],
)
def test_subtitles_keep_their_times_and_marks(name: str, source: str, kind: str) -> None:
    document = open_document(name, source.encode())
    new = document.write([pseudo(text) for text in document.texts]).decode()
    before = pysubs2.SSAFile.from_string(source, format_=kind)
    after = pysubs2.SSAFile.from_string(new, format_=kind)
    assert [(event.start, event.end, event.style) for event in after] == [
        (event.start, event.end, event.style) for event in before
    ]
    assert before[0].text.count("{") == after[0].text.count("{")
    kept = {*source.splitlines(), *re.findall("<.*?>", source)}
    left = "".join(re.sub("<.*?>", "", line) for line in new.splitlines() if line not in kept)
    assert pseudo(left) == left != ""


def test_two_lines_of_one_sentence_are_translated_together() -> None:
    document = open_document("a.vtt", WEBVTT.encode())
    assert document.texts == ("这句话还没有说完到这里才结束。",)
    new = document.write(["This sentence was not over and ends only here."]).decode()
    assert new == WEBVTT.replace(
        "这句话还没有说完\n到这里才结束。", "This sentence was not\nover and ends only here."
    )


def test_speakers_keep_their_lines() -> None:
    document = open_document("a.srt", SUBRIP.encode())
    assert "- 你好。\n- 再见。" in document.texts


def test_the_text_of_a_pdf_has_its_paragraphs() -> None:
    document = open_document("a.pdf", pdf())
    assert (document.extension, document.media_type) == (".txt", "text/plain")
    assert document.notes == ("the text of the PDF without its layout and pictures",)
    assert document.texts[1].startswith("本公司今年的销售额") and document.texts[1].endswith(
        "增加。"
    )
    assert document.write(["Summary", "Growth.", "Short.", "Page two."]) == (
        b"Summary\nGrowth.\nShort.\n\nPage two.\n"
    )
