"""OpenDocument texts and presentations; test_libreoffice.py opens them where they come from."""

from __future__ import annotations

import pytest

from pipeline.documents import UnreadableDocument, open_document
from tests.pipeline.documents.samples import odp, odt, opendocument, pseudo, unzipped, with_part

PARAGRAPH = "请<g1>保存文件</g1>。<x2/>两个   空格\n下一行"


def test_a_text_keeps_spans_notes_blanks_and_tables() -> None:
    document = open_document("a.odt", odt())
    assert document.texts == ("标题", PARAGRAPH, "脚注内容", "单元格")
    new = document.write(["Title", "<g1>Save</g1> it.<x2/> Two   blanks\nNext", "Note", "Cell"])
    xml = unzipped(new)["content.xml"].decode()
    assert '<text:span text:style-name="T1">Save</text:span> it.<text:note' in xml
    assert "<text:p>Note</text:p></text:note-body></text:note> Two <text:s/><text:s/>blanks" in xml
    assert "<text:line-break/>Next</text:p>" in xml
    assert "<text:p>Cell</text:p></table:table-cell>" in xml
    assert xml.count("<text:note-citation>1</text:note-citation>") == 1


def test_the_span_that_most_words_stand_in_is_no_mark() -> None:
    span = "<text:span text:style-name='{}'>{}</text:span>".format
    words = span("T2", "请先下载，") + span("T1", "双击") + span("T2", "它。")
    content = opendocument("text", f"<office:text><text:p>{words}</text:p></office:text>")
    document = open_document("a.odt", content)
    assert document.texts == ("请先下载，<g1>双击</g1>它。",)
    new = unzipped(document.write(["First <g1>click</g1> on it."]))["content.xml"].decode()
    words = span("T2", "First ") + span("T1", "click") + span("T2", " on it.")
    assert f"<text:p>{words}</text:p>".replace("'", '"') in new


def test_a_presentation_keeps_its_frames_and_notes() -> None:
    document = open_document("a.odp", odp())
    new = unzipped(document.write(list(map(pseudo, document.texts))))["content.xml"].decode()
    assert '<text:p>word<text:span text:style-name="T1">word</text:span></text:p>' in new
    assert "<presentation:notes><draw:frame><draw:text-box><text:p>word</text:p>" in new


def test_the_kind_of_file_stands_first_and_plain() -> None:
    document = open_document("a.odt", odt())
    content = document.write(list(map(pseudo, document.texts)))
    assert content[30:].startswith(b"mimetypeapplication/vnd.oasis.opendocument.text")


def test_encrypted_ones_are_refused() -> None:
    manifest = b'<m:manifest xmlns:m="x"><m:encryption-data/></m:manifest>'
    with pytest.raises(UnreadableDocument, match="is encrypted"):
        open_document("a.odt", with_part(odt(), "META-INF/manifest.xml", manifest))
