from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answer.english import capitalised, closed, ends_sentence, english, marker


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello，world。", "Hello, world."),
        ("How are you？", "How are you?"),
        ("Wow！Great；yes：no", "Wow! Great; yes: no"),
        ("He said：“Hello。”", 'He said: "Hello."'),
        ("He said “hi” to ‘me’.", "He said \"hi\" to 'me'."),
        ("It’s fine…", "It's fine..."),
        ("Well……maybe", "Well... maybe"),
        ("apples、pears", "apples, pears"),
        ("the API（interface）is", "the API (interface) is"),
        ("《Red Sorghum》by Mo Yan", '"Red Sorghum" by Mo Yan'),
        ("１，０００ and ３．５％", "1,000 and 3.5%"),
        ("10：30", "10:30"),
        ("Hello , world .", "Hello, world."),
        ("( text ) !", "(text)!"),
        ("a  b\u3000c", "a b c"),
        ('said "hi" .', 'said "hi".'),
    ],
)
def test_punctuation_and_spaces_are_english(text: str, expected: str) -> None:
    assert english(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Price &lt;100 yuan",
        "The <b>bold</b> text &amp; more",
        "Use .NET and .gitignore",
        "1,000 at 10:30, v1.2.3",
        "see https://a.com/b?c=d;e=f:g",
        "print(a, b); x = y[0]",
        "don't stop — really",
        "⟦0⟧ and {{name}} and %s",
        "ratio 3:4 :key",
    ],
)
def test_english_and_markup_are_left_alone(text: str) -> None:
    assert english(text) == text


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("hello, world.", "你好，世界。", "Hello, world."),
        ('"hello," he said.', "“你好，”他说。", '"Hello," he said.'),
        ("a dog barks.", "狗叫。", "A dog barks."),
        ("yes.", "是的。", "Yes."),
        ("iPhone is good.", "iPhone很好。", "iPhone is good."),
        ("macOS is good.", "苹果系统很好。", "macOS is good."),
        ("npm is a tool.", "npm是工具。", "npm is a tool."),
        ("git_hub is one.", "这是一个。", "git_hub is one."),
        ("e.g. this.", "比如这个。", "e.g. this."),
        ("foo.py is a file.", "这是文件。", "foo.py is a file."),
        ("123 apples.", "123个苹果。", "123 apples."),
        ("", "你好。", ""),
    ],
)
def test_a_capital_is_set_where_that_is_safe(text: str, source: str, expected: str) -> None:
    assert capitalised(text, source) == expected


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("How are you?", "你好吗？", "How are you?"),
        ("How are you", "你好吗？", "How are you?"),
        ("How are you", "你好吗?!", "How are you?"),
        ("Great", "好！", "Great!"),
        ("It is good", "很好。", "It is good."),
        ("It is good,", "很好。", "It is good."),
        ('"Hello"', "“你好。”", '"Hello."'),
        ('He said "hi"', "他说“嗨”。", 'He said "hi".'),
        ("call f()", "调用“f。”", "call f()."),
        ("It is good!", "很好。", "It is good!"),
        ("As follows:", "如下。", "As follows:"),
        ("Wait...", "等等。", "Wait..."),
        ("apple", "苹果", "apple"),
        ("apple", "苹果，", "apple"),
    ],
)
def test_a_final_mark_that_the_model_dropped_comes_back(
    text: str, source: str, expected: str
) -> None:
    assert closed(text, source) == expected


@pytest.mark.parametrize(
    ("source", "ends"),
    [
        ("你好。", True),
        ("好！”", True),
        ("等……", True),
        ("好.)", True),
        ("你好，", False),
        ("", False),
    ],
)
def test_sentence_ends_are_known(source: str, ends: bool) -> None:
    assert ends_sentence(source) is ends


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\u3000\u3000", "\u3000\u3000"),
        ("- ", "- "),
        ("  1. ", "  1. "),
        ("1.", "1. "),
        ("3、", "3. "),
        ("\u3000一、", "\u30001. "),
        ("十、\u3000", "10. "),
        ("二十三、", "23. "),
        ("（十一）", "(11) "),
        ("（３）", "(3) "),
        ("①", "① "),
        ("• ", "• "),
    ],
)
def test_markers_are_english_and_indentation_is_kept(text: str, expected: str) -> None:
    assert marker(text) == expected


TEXT = st.text(alphabet="aZ 9.。，,：:“”\"'（）()…！!？?；;、\u3000<>&中《》-", max_size=40)


@given(TEXT)
def test_spaces_never_double_and_nothing_wide_is_left(text: str) -> None:
    result = english(text)
    assert "  " not in result
    assert not set(result) & set("。，：“”（）…！？；、\u3000《》")
    assert english(result) == result


@given(TEXT, TEXT)
def test_finishing_a_sentence_only_adds_its_mark_and_its_capital(text: str, source: str) -> None:
    clean = english(text)
    finished = closed(capitalised(clean, source), source)
    kept = [character for character in finished.lower() if character.isalnum()]
    assert kept == [character for character in clean.lower() if character.isalnum()]
