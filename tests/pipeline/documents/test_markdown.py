"""Markdown: what is translated, and what stays letter for letter."""

from __future__ import annotations

import time

import pytest
from markdown_it import MarkdownIt

from pipeline.documents import open_marked
from pipeline.documents.families.markdown import rewrite_markdown
from pipeline.documents.markup import tokens
from tests.pipeline.documents.samples import MARKDOWN, pseudo


def test_markdown_is_the_same_but_for_its_words() -> None:
    assert (
        rewrite_markdown(MARKDOWN, pseudo)
        == """---
title: 标题
---
# word `x` #

> - word **word** [word *word*](http://a.b "t")word<kbd>word</kbd> word\\*word <http://x.y>。![图](a.png)\\
>   word[word][r]word

| a | word\\|word |
|---|---|
| `c` | **word** |
| word | word |

```
代码
```
word
==
<div title="word">
word <b>word</b>
</div>

[r]: http://x "标题"
"""
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_markdown_end_as_they_did(end: str) -> None:
    assert rewrite_markdown(f"你好{end}世界{end}{end}- 一{end}", pseudo) == (
        f"word{end}{end}- word{end}"
    )


def test_a_translation_makes_no_block_of_markdown() -> None:
    for english in ("1. First", "# First", "- First", "> First"):
        html = MarkdownIt().render(rewrite_markdown("第一\n", lambda _, english=english: english))
        assert html == f"<p>{english.replace('>', '&gt;')}</p>\n"


@pytest.mark.parametrize(
    "source",
    ["- [ ] 任务", "**你**好", "好`a|b`", "![图](x)", "[好](<a b> 'c')", "好&amp;<b>吗</b>"],
)
def test_markdown_shows_the_same_elements(source: str) -> None:
    def elements(text: str) -> list[str]:
        html = MarkdownIt().render(text)
        return [html[t.start : t.end] for t in tokens(html) if t.kind in ("opening", "closing")]

    assert elements(rewrite_markdown(source, pseudo)) == elements(source)


@pytest.mark.parametrize(
    "piece",
    ["> ", "- ", "*", "[", "`", "![", "<b>", "|a", "**好", "[a](", "<!--", "[^a]: ", "[^", "[好]"],
)
def test_hostile_markdown_takes_bounded_time(piece: str) -> None:
    start = time.process_time()
    rewrite_markdown(piece * 5000 + "好\n|-|-|\n", lambda _: "w")
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("source", "english", "new"),
    [
        ("看[用户手册]。", "See the <g1>manual</g1>.", "See the [manual][用户手册]."),
        ("看[用户手册][]。", "See the <g1>manual</g1>.", "See the [manual][用户手册]."),
        ("看[手册][用户手册]。", "See the <g1>manual</g1>.", "See the [manual][用户手册]."),
        ("看[用户\n手册]。", "See the <g1>manual</g1>.", "See the [manual][用户 手册]."),
        ("[用户手册]", "Manual", "[Manual][用户手册]"),
        ("看[API]。", "See <x1/>.", "See [API]."),
        ("看[《API》]。", 'See "<x1/>".', 'See "[API][《API》]".'),
        ("看![用户手册]。", "See <x1/>.", "See ![用户手册]."),
    ],
)
def test_a_link_goes_on_to_point_by_its_label(source: str, english: str, new: str) -> None:
    labels = ("用户手册", "用户 手册", "API", "《API》")
    definitions = "\n\n" + "".join(f"[{label}]: http://a.b\n" for label in labels)
    marked = open_marked("markdown", source + definitions)
    assert marked.write([english]) == new + definitions
    assert MarkdownIt().render(source + definitions).count("http") == 1
    assert MarkdownIt().render(new + definitions).count("http") == 1


@pytest.mark.parametrize(
    ("source", "texts", "english", "new"),
    [
        (
            "说明[^注]。\n\n[^注]: 这是一个脚注，请注意。\n",
            ("说明<x1/>。", "这是一个脚注，请注意。"),
            ["Text<x1/>.", "A note."],
            "Text[^注].\n\n[^注]: A note.\n",
        ),
        (
            "说明[^1]和。[^2]\n\n[^1]: 一\n接着\n[^2]:二\n\n    > 又一段\n\n完\n",
            ("说明<x1/>和。", "一接着", "二", "又一段", "完"),
            ["Text<x1/> and.", "One", "Two", "More", "End"],
            "Text[^1] and.[^2]\n\n[^1]: One\n[^2]:Two\n\n    > More\n\nEnd\n",
        ),
        ("[^1]: 一[^2]\n", ("一",), ["One"], "[^1]: One[^2]\n"),
        ("[^1]: http://a.b\n", (), [], "[^1]: http://a.b\n"),
    ],
)
def test_notes_are_translated_and_their_signs_stay(
    source: str, texts: tuple[str, ...], english: list[str], new: str
) -> None:
    marked = open_marked("markdown", source)
    assert marked.texts == texts
    assert marked.write(english) == new
