"""HTML and EPUB: what is translated, and what stays letter for letter."""

from __future__ import annotations

import re
import time
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.documents import DocumentLimits, DocumentTooLarge, open_document, open_marked
from pipeline.documents.families.html import rewrite_html
from pipeline.documents.markup import tokens
from tests.pipeline.documents.samples import PAGE, epub, pseudo, unzipped


def texts_of_html(source: str) -> list[str]:
    seen: list[str] = []

    def swap(text: str) -> str:
        seen.append(text)
        return text

    assert rewrite_html(source, swap) == source
    return seen


def test_a_page_is_the_same_but_for_its_words() -> None:
    new = rewrite_html(PAGE, pseudo)
    assert (
        new
        == """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>word &amp; word</title>
<meta name="description" content="word"><script>var a = "你好<b>";</script></head>
<body class=main>
<p>
  word<a href="{{ url }}?a=1&b=2" title='word'>word</a>，word<code>npm 安装</code>。<br>word<img \
src="a.png" alt="word">
</p>
<ul><li>word<li>word © <b>x</b></ul>
<pre>代码 <b>好</b></pre><p translate="no">不要</p>
<table><tr><td>word<td>12</table>
<!-- 注释 -->
</body></html>
"""
    )


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("你好", ["你好"]),
        ("<p>你<p>好", ["你", "好"]),
        ("<p>你\n  好 a\n b</p>", ["你好 a b"]),  # a line end is nothing between Chinese
        ("<p>你 <br>\n 好</p>", ["你\n好"]),  # blanks beside a break are not seen
        ("<p>a &lt;b&gt; 好</p>", ["a <b> 好"]),
        ("<p>共 {{ n }} 个{% if a %}。{% endif %}</p>", ["共 <x1/> 个<x2/>。"]),
        ("<code>npm</code>是包管理器", ["<x1/>是包管理器"]),  # a word, which stays in the text
        ("<a href=x>你</a>、<a href=y>好</a>", ["<g1>你</g1>、<g2>好</g2>"]),
        ("<title>一<b>二</title>", ["一<b>二"]),  # no tags in a title
        ("<style>.好{}</style><p>你", ["你"]),
        ("<svg/><p>你", ["你"]),
        ("<p class=notranslate>你</p>好", ["好"]),
        ("<!-- > --><p>你 <好 a>b", ["你 <好 a>b"]),
        ("<p>你<!-- 不 -->好", ["你<x1/>好"]),
        ("<input placeholder='请输入' value=值>", ["请输入"]),
        ('<meta property="og:title" content="首页">', ["首页"]),
        ("<a title=好>", ["好"]),
        ("<p a='你", []),  # never closed
    ],
)
def test_texts_of_html(source: str, texts: list[str]) -> None:
    assert texts_of_html(source) == texts


def test_the_span_that_most_words_stand_in_is_no_mark() -> None:
    spans = (
        "<span class=a>请先下载，然后</span>",
        "<span class=b>双击</span>",
        "<span class=a>它。",
    )
    page = f"<p>{''.join(spans)}</span></p>"
    assert texts_of_html(page) == ["请先下载，然后<g1>双击</g1>它。"]
    assert rewrite_html(page, lambda _: "First, then <g1>click</g1> on it.") == (
        "<p><span class=a>First, then </span><span class=b>click</span>"
        "<span class=a> on it.</span></p>"
    )
    assert texts_of_html("<p><span id=a>请</span><span>保存</span>") == ["<g1>请</g1>保存"]
    assert texts_of_html("<p>请<span>保</span><span>存</span>") == ["请<g1>保</g1><g2>存</g2>"]


def test_values_are_quoted_and_escaped() -> None:
    assert rewrite_html("<a title=好>", lambda _: 'a "b" <') == ('<a title="a &quot;b&quot; &lt;">')
    assert rewrite_html("<p>好", lambda _: "a < b & c") == "<p>a &lt; b &amp; c"


def test_what_a_translation_says_makes_no_tags() -> None:
    new = rewrite_html("<p>好<b>吗</b></p>", lambda _: "<script>x</script><g1>y</g1>")
    assert new == "<p>&lt;script&gt;x&lt;/script&gt;<b>y</b></p>"


_PIECES = "< > / b = ! - ? \" ' 好 &amp; <p> <b> </b> <!-- --> <br> <code> <title> <pre> </pre>"
_MARKUP = st.lists(
    st.sampled_from([*re.findall(r"\S+", _PIECES), "<script>", "</script>", " "]), max_size=30
)


@given(_MARKUP)
def test_any_markup_is_cut_without_gaps_and_comes_back(pieces: list[str]) -> None:
    source = "".join(pieces)
    for xml in (False, True):
        found = list(tokens(source, xml=xml))
        assert "".join(source[token.start : token.end] for token in found) == source
        assert rewrite_html(source, lambda text: text, xml=xml) == source


@given(_MARKUP)
def test_any_markup_keeps_its_tags(pieces: list[str]) -> None:
    source = "".join(pieces)

    def tags(page: str) -> list[str]:
        return sorted(
            page[t.start : t.end] for t in tokens(page) if t.kind not in ("text", "other")
        )

    assert tags(rewrite_html(source, lambda text: text.replace("好", "w"))) == tags(source)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", '<a "', "<a b='", "</", "<!--", "<!", "&", "{{", "<b>好", "<title>", "<pre>"],
)
def test_hostile_markup_takes_linear_time(piece: str) -> None:
    def seconds(times: int) -> float:
        start = time.process_time()
        rewrite_html(piece * times + "好", lambda _: "w")
        return time.process_time() - start

    seconds(100)
    few, many = seconds(2000), seconds(8000)
    assert many < max(0.5, 10 * few)


def test_a_book_is_translated_with_its_contents_and_title() -> None:
    document = open_document("a.epub", epub())
    assert document.texts == ("一本书", "第一章", "他<g1>昨天</g1>走了。\n今天回来。")
    new = unzipped(document.write(["A Book", "Chapter 1", "He left <g1>yesterday</g1>.\nNow."]))
    page = etree.fromstring(new["OEBPS/c1.xhtml"])
    assert etree.tostring(page, encoding="unicode").endswith(
        "<head><title>Chapter 1</title></head><body><h1>Chapter 1</h1><p>He left "
        "<em>yesterday</em>.<br/>Now.</p></body></html>"
    )
    assert page.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert b"<text>Chapter 1</text>" in new["OEBPS/toc.ncx"]
    assert b"<dc:title>A Book</dc:title><dc:language>en</dc:language>" in new["OEBPS/book.opf"]


@pytest.mark.parametrize(
    ("kind", "source", "english"),
    [
        ("html", "<p>请<b>保存</b>", "<p>Please <b>save</b>"),
        ("markdown", "- 请**保存**", "- Please **save**"),
    ],
)
def test_strings_are_opened_and_written(
    kind: Literal["html", "markdown"], source: str, english: str
) -> None:
    marked = open_marked(kind, source)
    assert marked.texts == ("请<g1>保存</g1>",)
    assert marked.write(["Please <g1>save</g1>"]) == english
    with pytest.raises(ValueError, match="zip"):
        marked.write([])
    with pytest.raises(DocumentTooLarge):
        open_marked(kind, source, DocumentLimits(characters=3))
