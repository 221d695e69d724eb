"""Texts of structure and spans in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.prepare import Preprocessor
from pipeline.text.protect import find
from pipeline.text.sentences import Splitting

PIECES = [
    *("中", "文字。", "，", "一、", "“", "”", "# 个", "①", "★", "😀", "±", "²", "3.5kg"),
    *("\n", "\r\n", "\u2028", "\t", " ", "\u3000", "\n```\n", "```", "`", "~~~"),
    *("- ", "1. ", "A. ", "B. ", "// ", "/* ", "*/", "a=", "a", "1", "http://", "@", "#", "%d"),
    *('"', "'", "{", "}", "[", "]", "(", ")", "<b>", "</b>", "<p>", "*", "**", "__", "~~"),
    *("|", "|-|", "![", "](a.md)", "\\N", "{\\i1}", "{n, plural, other {", "}}"),
    *("⟦0⟧", "\U000f0000", "\uf8ff", "\uf8fe"),
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sampled_from(["on", "nonewlines", "off"]),
)
def test_no_unit_ends_within_a_span(
    preprocessor: Preprocessor, text: str, splitting: Splitting
) -> None:
    prepared = preprocessor.prepare(text, splitting)
    separators = iter(prepared.separators)
    assert next(separators) + "".join(u.text + next(separators) for u in prepared.units) == text
    for span in find(text):
        for unit in prepared.units:
            inside = unit.span.start <= span.start and span.end <= unit.span.end
            assert inside or span.end <= unit.span.start or unit.span.end <= span.start
