"""Brackets, markup, Latin words and signs: what differs is found, what English does is allowed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pipeline.answer.marks import lost_markup, lost_words, signs_differ, unpaired


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("你好（世界）。", "Hello (world.", True),
        ("你好（世界）。", "Hello (world).", False),
        ("你好（世界）。", "Hello, world.", False),
        ("({0})个", "({0} one", True),
        ("1）苹果", "1) Apple", False),
        ("【注意】请看", "[Note] look", False),
        ("【注意】请看", "Note] look", True),
        ('{"名": "张三"}', '{"name: "Zhang"}', True),
        ("他说：“我来。”", 'I will come," he said.', False),
    ],
)
def test_both_sides_of_a_pair_or_neither(source: str, target: str, expected: bool) -> None:
    assert unpaired(source, target) is expected


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("**重要**：请看", "**Important**: look", False),
        ("**重要**：请看", "Important*: look", True),
        ("| 名称 | 说明 |", "| Name |", True),
        ("姓名____", "Name ________", True),
        ("请看", "Look", False),
        ("请看", "*Look*", True),
    ],
)
def test_marks_of_markup_are_counted(source: str, target: str, expected: bool) -> None:
    assert lost_markup(source, target) is expected


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("使用camelCase命名。", "Use sampleCase.", ["camelCase"]),
        ("使用camelCase命名。", "Use CamelCase.", []),
        ("我用C++和.NET。", "I use C++ and .NET.", []),
        ("AM表示", "He named it.", ["AM"]),
        ("COVID-19疫情", "the Covid 19 outbreak", []),
        ("Müslüm来了", "Muslum came", []),
        ("A组和B组", "Group one", []),
        ("两台PC", "two PCs", []),
        ("36x24mm底片", "36 by 24 mm film", []),
    ],
)
def test_latin_words_must_be_said(source: str, target: str, expected: list[str]) -> None:
    assert [source[start:end] for start, end in lost_words(source, target)] == expected


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("误差±5", "£5 of the error", True),
        ("误差±5", "An error of ±5", False),
        ("误差±5", "An error of plus or minus 5", False),
        ("长×宽", "length times width", False),
        ("长×宽", "length and width", True),
        ("今天很好", "It is fine 👇", True),
        ("今天很好", "It is fine → today", True),
        ("今天很好", "It is a café", False),
        ("今天很好", "It is Σ today", True),
        ("价格5美元", "It costs $5", False),
        ("价格5", "It costs $5", True),
        ("价格￥5元", "It costs $5", True),
        ("价格5元", "It costs ¥5", False),
        ("价格5港元", "It costs HK$5", False),
        ("价格5英镑", "It costs £5", False),
        ("5～10天", "5-10 days", False),
        ("20℃", "20 degrees", False),
    ],
)
def test_signs_are_neither_lost_nor_invented(source: str, target: str, expected: bool) -> None:
    assert signs_differ(source, target) is expected


@pytest.mark.parametrize("check", [unpaired, lost_markup, lost_words, signs_differ])
@pytest.mark.parametrize("piece", ["a", "a1", "a-", "（", "*", "±", "𠮷", "一", "a'", "C++", "é"])
def test_twice_the_text_takes_about_twice_the_time(
    check: Callable[[str, str], object], piece: str
) -> None:
    def seconds(count: int) -> float:
        text = piece * count
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            check(text, text[::-1])
            best = min(best, time.process_time() - began)
        return best

    assert seconds(40_000) < 4 * seconds(20_000) + 0.02
