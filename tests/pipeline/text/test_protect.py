from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.normalise import LINE_END
from pipeline.text.prepared import Protected, Span
from pipeline.text.protect import PLACEHOLDER, claimed, find, hide, placeholder, restore, within


def spans(text: str) -> list[str]:
    return [text[span.start : span.end] for span in find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请访问https://example.com/a?b=1&c=2了解", ["https://example.com/a?b=1&c=2"]),
        ("见 http://例子.cn。", []),
        ("（www.example.com）", ["www.example.com"]),
        ("写信给a.b+c@example.co.uk。", ["a.b+c@example.co.uk"]),
        ('运行`git commit -m "x"`。', ['`git commit -m "x"`']),
        ("公式$$x^2$$成立", ["$$x^2$$"]),
        ("在/usr/local/bin下", ["/usr/local/bin"]),
        ("打开C:\\Users\\a\\b.txt吧", ["C:\\Users\\a\\b.txt"]),
        ("改src/main.rs和config.yaml", ["src/main.rs", "config.yaml"]),
        ("你好{name}", ["{name}"]),
        ("你好{{person.name}}", ["{{person.name}}"]),
        ("共%d个，%(size)s，%1$s", ["%d", "%(size)s", "%1$s"]),
        ("${HOME}和$PATH和%{x}", ["${HOME}", "$PATH", "%{x}"]),
        ("###T01###是什么", ["###T01###"]),
        (
            "<b>重</b><br/><a href=\"x\" id='y'>点</a>",
            ["<b>", "</b>", "<br/>", "<a href=\"x\" id='y'>", "</a>"],
        ),
        ("若a<b且c>d", []),
        ("价格 &lt;100&nbsp;元&#39;", ["&lt;", "&nbsp;", "&#39;"]),
        ("用my_var调用foo.bar()", ["my_var", "foo.bar()"]),
        ("加--verbose或-v选项", ["--verbose", "-v"]),
        ("开心😂😂，👍🏽，👨‍👩‍👧，🇨🇳", ["😂😂", "👍🏽", "👨‍👩‍👧", "🇨🇳"]),
        ("重3.5kg，25℃，￥1,299.00元，13812345678", ["3.5kg", "25℃", "￥1,299.00", "13812345678"]),
        ("版本v2.3.1在192.168.0.1", ["v2.3.1", "192.168.0.1"]),
        ("写⟦0⟧和⟦", ["⟦0⟧", "⟦"]),
        ("图标\ue001好", ["\ue001"]),
        ("增长5%，￥3万，3个，100元", []),
        ("2024年3月，国家/地区，50%的人，e.g. 他/她", []),
        ("见文献[12]", ["[12]"]),
    ],
)
def test_what_must_not_change_is_found(text: str, expected: list[str]) -> None:
    assert spans(text) == expected


@pytest.mark.parametrize("line_end", ["\n", "\r", "\u2028", "\x85"])
def test_nothing_is_found_across_a_line_end(line_end: str) -> None:
    text = f"`a{line_end}b` {{a{line_end}b}} <a{line_end}b> ⟦{line_end}⟧ 5{line_end}kg"
    assert not any(LINE_END.search(span) for span in spans(text))


TEXTS = st.text(
    alphabet="中文aB1 .{}<>`$%/\\@⟦⟧0\U000f0000\U000f0001\ue000😀👍🏽&;:_-#\n\u2028", max_size=80
)


@given(TEXTS)
def test_hidden_spans_are_restored(text: str) -> None:
    found = find(text)
    hidden = hide(text, Span(0, len(text)), found)
    assert len(PLACEHOLDER.findall(hidden)) == len(found)
    protected = [Protected(text[span.start : span.end], "code") for span in found]
    assert restore(hidden, protected) == text


@given(TEXTS, st.integers(0, 80), st.integers(0, 80))
def test_only_what_lies_wholly_within_a_range_is_given(text: str, start: int, end: int) -> None:
    found = find(text)
    inside = [span for span in found if start <= span.start and span.end <= end]
    assert list(within(found, start, max(start, end))) == inside


def test_tags_cling_to_what_they_enclose() -> None:
    tags = [Protected("<b>", "tag"), Protected("</b>", "tag"), Protected("<br/>", "tag")]
    marked = f"This is {placeholder(0)} key {placeholder(1)} content {placeholder(2)} here"
    assert restore(marked, tags) == "This is <b>key</b> content <br/> here"


def test_a_placeholder_that_stands_for_nothing_leaves_nothing() -> None:
    assert restore(f"a{placeholder(3)}b", []) == "ab"


def test_a_span_that_the_model_wrote_out_is_claimed_whole() -> None:
    number = [Protected("5", "number")]
    assert claimed("15 of 5", number) == f"15 of {placeholder(0)}"
    assert claimed(f"{placeholder(0)} of 5", number) == f"{placeholder(0)} of 5"
