from __future__ import annotations

import pytest

from pipeline.text.normalise import Normaliser
from pipeline.text.sentences import Splitting, sentences

WRAPPED = "今天天气\n很好，我们去\r\n公园。他来了。\n\n　　新的一段\n- 你好\n- 再见"


@pytest.mark.parametrize(
    ("splitting", "expected"),
    [
        ("on", ["今天天气", "很好，我们去", "公园。", "他来了。", "新的一段", "你好", "再见"]),
        (
            "nonewlines",
            ["今天天气\n很好，我们去\r\n公园。", "他来了。", "新的一段", "你好", "再见"],
        ),
        ("off", [WRAPPED]),
    ],
)
def test_sentences_are_split_as_the_caller_asks(splitting: Splitting, expected: list[str]) -> None:
    assert [WRAPPED[span.start : span.end] for span in sentences(WRAPPED, splitting)] == expected


@pytest.mark.parametrize("splitting", ["on", "nonewlines", "off"])
@pytest.mark.parametrize("text", ["", " \n　", "\n\n"])
def test_blank_text_has_no_sentence(splitting: Splitting, text: str) -> None:
    assert list(sentences(text, splitting)) == []


def test_wrapped_lines_are_joined_as_chinese_is() -> None:
    normalise = Normaliser().normalise
    assert (
        normalise("今天天气\n  很好，\r\n我用Python\n写代码 and\nmore")
        == "今天天气很好，我用Python写代码 and more"
    )


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("你好\n \n\n世界", "你好世界"),
        ("a\n \n\nb好", "a b好"),
        ("好 \n a", "好a"),
        ("a \n 好", "a好"),
        ("a  b好", "a b好"),
    ],
)
def test_blanks_go_only_with_a_line_end_beside_chinese(text: str, joined: str) -> None:
    assert Normaliser().normalise(text) == joined
