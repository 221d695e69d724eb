"""Word documents, opened again by python-docx."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from pipeline.documents import open_document
from pipeline.documents.document import UnsupportedDocument
from tests.pipeline.documents.samples import pseudo, saved, text_box, unzipped, with_part, word

STYLED = "请<g1>立即保存</g1>文件，然后<g2>重新启动</g2>服务。\n下一行。"
LINKED = "详情请访问<g1>网站</g1>，第<x2/>页"
TEXTS = {
    STYLED: "Please <g1>save</g1> it at once and <g2>restart</g2> the service.\nNext line.",
    LINKED: "For details visit <g1>the site</g1>, page <x2/>",
}


def translated(content: bytes) -> Any:
    document = open_document("a.docx", content)
    english = [TEXTS.get(text, pseudo(text)) for text in document.texts]
    return docx.Document(BytesIO(document.write(english)))


def test_runs_of_one_style_are_one_and_keep_it() -> None:
    assert set(TEXTS) <= set(open_document("a.docx", word()).texts)
    paragraph = translated(word()).paragraphs[1]
    assert [(run.text, run.bold, run.italic) for run in paragraph.runs] == [
        ("Please ", None, None),
        ("save", True, None),
        (" it at once and ", None, None),
        ("restart", None, True),
        (" the service.\nNext line.", None, None),
    ]


def test_links_and_fields_stay_where_they_were() -> None:
    paragraph = translated(word()).paragraphs[2]
    assert paragraph.hyperlinks[0].address == "https://example.com"
    assert paragraph.hyperlinks[0].text == "the site"
    kinds = [mark.get(qn("w:fldCharType")) for mark in paragraph._p.iter(qn("w:fldChar"))]
    assert kinds == ["begin", "separate", "end"]
    assert [code.text for code in paragraph._p.iter(qn("w:instrText"))] == [" PAGE "]
    assert paragraph.text == "For details visit the site, page 3"


def test_tables_boxes_headers_lists_and_titles_are_translated() -> None:
    document = translated(word())
    assert [[c.text for c in row.cells] for row in document.tables[0].rows] == [
        ["word", "word"],
        ["word", "3.50"],
    ]
    assert document.paragraphs[3].style.name == "List Bullet"
    box = document.element.body.iter(qn("w:txbxContent"))
    assert ["".join(t.text for t in b.iter(qn("w:t"))) for b in box] == ["word"]
    section = document.sections[0]
    texts = section.header.paragraphs[0].text, section.footer.paragraphs[0].text
    assert (*texts, document.core_properties.title) == ("word", "word", "word")


def test_everything_else_stays_byte_for_byte() -> None:
    content = word()
    document = open_document("a.docx", content)
    before, after = unzipped(content), unzipped(document.write(list(map(pseudo, document.texts))))
    assert list(before) == list(after)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "word/document.xml",
        "word/header1.xml",
        "word/footer1.xml",
        "docProps/core.xml",
    }


NOTES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:footnotes '
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:footnote w:id="2">'
    "<w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>见附录</w:t></w:r></w:p></w:footnote></w:footnotes>"
)


def test_notes_are_translated_and_their_signs_stay() -> None:
    content = with_part(word(), "word/footnotes.xml", NOTES)
    document = open_document("a.docx", content)
    assert "见附录" in document.texts
    notes = unzipped(document.write(list(map(pseudo, document.texts))))["word/footnotes.xml"]
    assert b"<w:footnoteRef/></w:r><w:r><w:t>word</w:t>" in notes


def test_what_nobody_sees_makes_no_marks() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph()
    for text, language in (("你", "zh-CN"), ("好", "zh-HK"), ("吗", None)):
        run = paragraph.add_run(text)
        fonts = run._r.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:hint"), "eastAsia")
        if language:
            element = docx.oxml.OxmlElement("w:lang")
            element.set(qn("w:eastAsia"), language)
            run._r.rPr.append(element)
    assert open_document("a.docx", saved(document)).texts == ("你好吗",)


def test_deleted_text_is_not_translated_and_stays() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("请")
    deleted = docx.oxml.parse_xml(
        '<w:del xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:id="1">'
        "<w:r><w:delText>旧的</w:delText></w:r></w:del>"
    )
    paragraph._p.append(deleted)
    paragraph.add_run("保存")
    opened = open_document("a.docx", saved(document))
    assert opened.texts == ("请<x1/>保存",)
    xml = unzipped(opened.write(["save <x1/> it"]))["word/document.xml"].decode()
    assert "<w:delText>旧的</w:delText>" in xml


def test_a_paragraph_that_has_only_a_text_box_keeps_it() -> None:
    document = docx.Document()
    document.add_paragraph().add_run()._r.append(text_box("文字"))
    opened = open_document("a.docx", saved(document))
    assert opened.texts == ("文字",)
    assert (
        b"<w:txbxContent><w:p><w:r><w:t>Text"
        in unzipped(opened.write(["Text"]))["word/document.xml"]
    )


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def body(paragraph: str) -> bytes:
    """A document of one paragraph's content."""
    xml = f'<w:document xmlns:w="{W}"><w:body><w:p>{paragraph}</w:p></w:body></w:document>'
    return with_part(word(), "word/document.xml", xml)


def rewritten(paragraph: str, texts: dict[str, str]) -> str:
    """The content of the paragraph with these translations of all of its texts."""
    document = open_document("a.docx", body(paragraph))
    found = [text for text in document.texts if text not in OTHERS]
    assert found == list(texts)
    new = document.write([texts.get(text, text) for text in document.texts])
    xml = unzipped(new)["word/document.xml"].decode()
    return xml.split("<w:p>")[1].split("</w:p>")[0].replace(' xml:space="preserve"', "")


OTHERS = open_document("a.docx", body("")).texts


@pytest.mark.parametrize("kind", ["page", "column"])
def test_the_break_of_a_page_parts_the_text(kind: str) -> None:
    line = (
        f'<w:r><w:t>地址：</w:t><w:br/><w:t>北京</w:t><w:br w:type="{kind}"/><w:t>下页</w:t></w:r>'
    )
    new = rewritten(line, {"地址：\n北京": "Address:\nBeijing", "下页": "Next"})
    assert new == (
        "<w:r><w:t>Address:</w:t><w:br/><w:t>Beijing</w:t></w:r>"
        f'<w:r><w:br w:type="{kind}"/></w:r><w:r><w:t>Next</w:t></w:r>'
    )


def test_a_break_within_a_link_stays_in_it() -> None:
    link = (
        '<w:hyperlink><w:r><w:t>上页</w:t><w:br w:type="page"/><w:t>下页</w:t></w:r></w:hyperlink>'
    )
    new = rewritten(
        link + "<w:r><w:t>完</w:t></w:r>", {"<g1>上页<x2/>下页</g1>完": "<g1>A<x2/>B</g1>"}
    )
    assert new.endswith('<w:r><w:br w:type="page"/></w:r><w:r><w:t>B</w:t></w:r></w:hyperlink>')


def test_readings_above_characters_make_way_for_their_text() -> None:
    ruby = (
        "<w:r><w:ruby><w:rt><w:r><w:t>běi</w:t></w:r></w:rt>"
        "<w:rubyBase><w:r><w:t>北</w:t></w:r></w:rubyBase></w:ruby></w:r><w:r><w:t>京</w:t></w:r>"
    )
    assert rewritten(ruby, {"北京": "Beijing"}) == "<w:r><w:t>Beijing</w:t></w:r>"
    assert rewritten(ruby, {"北京": "北京"}) == ruby


def test_the_style_of_a_link_is_not_that_of_its_paragraph() -> None:
    style = '<w:rPr><w:u w:val="single"/></w:rPr>'
    link = f"<w:hyperlink><w:r>{style}<w:t>用户手册</w:t></w:r></w:hyperlink>"
    source = f"<w:r><w:t>请看</w:t></w:r>{link}<w:r><w:t>。</w:t></w:r>"
    english = {"请看<g1>用户手册</g1>。": "See <g1>the manual</g1>."}
    assert rewritten(source, english) == source.replace("请看", "See ").replace(
        "用户手册", "the manual"
    ).replace("。", ".")
    whole = link.replace("手册", f"手</w:t></w:r><w:r>{style}<w:t>册")
    assert rewritten(whole, {"用户手册": "manual"}) == link.replace("用户手册", "manual")


def test_strict_documents_are_refused() -> None:
    relations = unzipped(word())["_rels/.rels"].replace(
        b"http://schemas.openxmlformats.org", b"http://purl.oclc.org/ooxml"
    )
    with pytest.raises(UnsupportedDocument, match="strict"):
        open_document("a.docx", with_part(word(), "_rels/.rels", relations))


def test_macros_are_refused() -> None:
    with pytest.raises(UnsupportedDocument, match="has macros"):
        open_document("a.docx", with_part(word(), "word/vbaProject.bin", b"x"))
