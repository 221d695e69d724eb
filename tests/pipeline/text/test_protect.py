from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.found import Found, covered, within
from pipeline.text.normalise import LINE_END
from pipeline.text.prepared import Protected, Span
from pipeline.text.protect import PLACEHOLDER, carried, claimed, find, hide, placeholder, restore


def spans(text: str) -> list[str]:
    return [text[span.start : span.end] for span in find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("写⟦0⟧和⟦", ["⟦0⟧", "⟦"]),
        ("增长5%，￥3万，3个，100元", []),
        ("2024年3月，国家/地区，50%的人，e.g. 他/她", []),
        ("这套房子售价￥1,299万元，公司投资$1,000,000万。", []),
        ("进度：%d/%d，共%s%%", ["%d/%d", "%s%%"]),
        ("电压220V±10%，尺寸20×30cm", ["220V±10%", "20×30cm"]),
        ("({0})个，[%s]号", ["({0})", "[%s]"]),
    ],
)
def test_what_must_not_change_is_found(text: str, expected: list[str]) -> None:
    assert spans(text) == expected


@pytest.mark.parametrize("line_end", ["\n", "\r", "\u2028", "\x85"])
def test_no_pattern_goes_across_a_line_end(line_end: str) -> None:
    text = f"`a{line_end}b` {{a{line_end}b}} <a{line_end}b> ⟦{line_end}⟧ 5{line_end}kg"
    assert not any(LINE_END.search(span) for span in spans(text))


TEXTS = st.text(
    alphabet="中文aB1 .{}<>`$%/\\@⟦⟧0\U000f0000\U000f0001\ue000😀👍🏽&;:_-#\n\u2028\"'|*[]()±²一、",
    max_size=80,
)


@given(TEXTS)
def test_spans_are_in_order_and_apart(text: str) -> None:
    end = 0
    for span in find(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end


@given(TEXTS)
def test_hidden_spans_are_restored(text: str) -> None:
    found = find(text)
    hidden = hide(text, Span(0, len(text)), found)
    assert len(PLACEHOLDER.findall(hidden)) == len(found)
    protected = [Protected(text[span.start : span.end], "code") for span in found]
    separate = restore(hidden, protected)
    assert separate.replace(" ", "") == text.replace(" ", "")


@given(TEXTS)
def test_a_covered_text_keeps_its_length_and_what_is_not_covered(text: str) -> None:
    found = find(text)
    cover = covered(text, found)
    assert len(cover) == len(text)
    inside = {at for span in found for at in range(span.start, span.end)}
    assert all(cover[at] == text[at] for at in range(len(text)) if at not in inside)


@given(TEXTS, st.integers(0, 80), st.integers(0, 80))
def test_only_what_lies_wholly_within_a_range_is_given(text: str, start: int, end: int) -> None:
    found = find(text)
    inside = [span for span in found if start <= span.start and span.end <= end]
    assert list(within(found, start, max(start, end))) == inside


def test_tags_cling_to_what_they_enclose() -> None:
    tags = [Protected("<b>", "tag"), Protected("</b>", "tag"), Protected("<br/>", "tag")]
    marked = f"This is {placeholder(0)} key {placeholder(1)} content {placeholder(2)} here"
    assert restore(marked, tags) == "This is <b>key</b> content <br/> here"


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("**", "**"),
        ("~~", "~~"),
        ("[", "](a.md)"),
        ("[**", "**](a.md)"),
        ("[b]", "[/b]"),
        (r"{\i1}", r"{\i0}"),
    ],
)
def test_marks_cling_to_what_they_enclose(opening: str, closing: str) -> None:
    marks = [Protected(opening, "tag"), Protected(closing, "tag")] * 2
    marked = "See {} this {} and {} that {}.".format(*map(placeholder, range(4)))
    expected = f"See {opening}this{closing} and {opening}that{closing}."
    assert restore(marked, marks) == expected


@pytest.mark.parametrize(
    ("marked", "expected"), [("{}2 cars", "30,000 2 cars"), ("1{} cars", "1 30,000 cars")]
)
def test_figures_do_not_run_together(marked: str, expected: str) -> None:
    number = [Protected("30,000", "number")]
    assert restore(marked.format(placeholder(0)), number) == expected


def test_a_placeholder_that_stands_for_nothing_leaves_nothing() -> None:
    assert restore(f"a{placeholder(3)}b", []) == "ab"


def test_a_span_that_the_model_wrote_out_is_claimed_whole() -> None:
    number = [Protected("5", "number")]
    assert claimed("15 of 5", number) == f"15 of {placeholder(0)}"
    assert claimed(f"{placeholder(0)} of 5", number) == f"{placeholder(0)} of 5"


@pytest.mark.parametrize(
    ("text", "kind", "english"),
    [
        ("25℃", "figure", "25°C"),
        ("￥1,299", "figure", "¥1,299"),
        ("50㎡", "figure", "50m²"),
        ("3×10⁸m/s²", "figure", "3×10⁸m/s²"),
        ("`25℃`", "code", "`25℃`"),
    ],
)
def test_only_signs_that_english_lacks_change(text: str, kind: str, english: str) -> None:
    assert carried(text, Found(0, len(text), kind)) == Protected(english, kind)


def test_what_lies_in_another_span_is_part_of_it() -> None:
    text = '{"url": "https://a.cn/b", "name": "张三"}'
    assert find(text) == [
        Found(0, text.index("张"), "structure"),
        Found(text.index("三") + 1, len(text), "structure"),
    ]
