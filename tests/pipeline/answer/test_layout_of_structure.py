"""Structure between sentences comes back around their translations as it stood."""

from __future__ import annotations

import pytest

from pipeline.answer.layout import Layout, kept
from pipeline.answer.translation import Answer
from pipeline.text.prepare import Preprocessor
from pipeline.text.structure import fitted, set_apart


@pytest.mark.parametrize(
    ("text", "targets", "expected"),
    [
        ('{"a": "甲", "b": "乙"}', ["A", "B"], '{"a": "A", "b": "B"}'),
        ('["甲","乙"]', ['say "A"', "B"], '["say \'A\'","B"]'),
        ("f('别')  \n好", ["Don't", "OK"], "f('Don’t')  \nOK"),
        ("|甲|乙|\n|-|-|\n|丙|丁|", [*"ABCD"], "|A|B|\n|-|-|\n|C|D|"),
        ("- 1、<b>甲</b>", ["A"], "- 1. <b>A</b>"),
        ("<i>甲。</i><b>乙。</b>", ["A.", "B."], "<i>A.</i> <b>B.</b>"),
        ("<p>甲。</p><p>乙。</p>", ["A.", "B."], "<p>A.</p><p>B.</p>"),
        (
            "甲{n, plural, one {乙} other {丙}}，丁。",
            [*"ABC", "D."],
            "A {n, plural, one {B} other {C}}, D.",
        ),
        ("甲{n, plural, other {乙}}。\n丙", [*"ABC"], "A {n, plural, other {B}}.\nC"),
        ("甲![乙](a.png)丙", [*"ABC"], "A ![B](a.png) C"),
        (r"{\an8}甲\N乙", [*"AB"], r"{\an8}A\NB"),
        ("甲：\n```\n乙。\n```\n丙", ["A:", "C"], "A:\n```\n乙。\n```\nC"),
        ("**甲。**", ["A."], "**A.**"),
        ("title=甲", ["A"], "title=A"),
        ("> ```\n> 甲\n> ```", [], "> ```\n> 甲\n> ```"),
    ],
)
def test_structure_stands_as_it_stood(
    text: str, targets: list[str], expected: str, preprocessor: Preprocessor
) -> None:
    prepared = preprocessor.prepare(text)
    waiting = iter(targets)
    layout = Layout(prepared)
    for unit in prepared.units:
        translated = Answer(next(waiting), translated=True, score=-1.0) if unit.ids else None
        layout.place(translated or kept(unit))
    assert next(waiting, None) is None
    assert layout.translation().text == expected


@pytest.mark.parametrize(
    ("text", "before", "after", "expected"),
    [
        ('He said "good".', '{"a": "', '"}', "He said 'good'."),
        ("Don't go", "f('", "')", "Don’t go"),
        (r"say \"hi\"", 'f("', '")', r"say \"hi\""),
        ('He said "good".', "", "", 'He said "good".'),
        ("It's 5\" long", "| ", " |", "It's 5\" long"),
    ],
)
def test_a_text_within_quotes_ends_none_of_them(
    text: str, before: str, after: str, expected: str
) -> None:
    assert fitted(text, before, after) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("{n, plural, one {", " {n, plural, one {"),
        ("}}", "}} "),
        ("}}，", "}}, "),
        ("![", " !["),
        ("](a.png)", "](a.png) "),
        ('", "', '", "'),
        (" | ", " | "),
        (r"\N", r"\N"),
        ("</b>", "</b> "),
        ("<b>", " <b>"),
        ("</i><b>", "</i> <b>"),
        ("</p><p>", "</p><p>"),
    ],
)
def test_messages_and_images_stand_apart_from_words(frame: str, expected: str) -> None:
    assert set_apart(frame) == expected
