"""What users of other services reported, on the real model."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pipeline.config import DEFAULT_MODEL
from pipeline.decode.options import Hypothesis
from pipeline.errors import DeadlineExceeded
from pipeline.translator import Translator


@pytest.fixture(scope="module")
def translator() -> Iterator[Translator]:
    with Translator.load(DEFAULT_MODEL) as translator:
        yield translator


@pytest.mark.parametrize(
    "text",
    [
        "沙拉",
        "沙拉沙拉沙拉沙拉",
        "（掌声）（掌声）谢谢大家。",
        "啊" * 60,
        "好好好好好好好好好好",
        "哈哈哈哈哈哈哈哈",
    ],
)
def test_words_that_invite_a_loop_bring_none(text: str, translator: Translator) -> None:
    words = translator.translate(text).text.split()
    assert not re.search(r"\b(\w+)(?:\W+\1\b){5}", " ".join(words), re.IGNORECASE)
    assert len(words) < 40


@pytest.mark.parametrize(
    "span",
    [
        *(
            "{{person.name}}",
            "{name}",
            "%s",
            "%(size)s",
            "${HOME}",
            "###T01###",
            "<br />",
            "⟦0⟧",
            "$PATH",
            "{0}",
        ),
        *(
            "https://example.com/a?b=1&c=2",
            "user@example.com",
            '`git commit -m "x"`',
            "/usr/local/bin",
            "😀",
            "&lt;",
        ),
    ],
)
@pytest.mark.parametrize("sentence", ["请打开{}。", "{}是什么？", "你好，{}！请看这里。"])
def test_placeholders_come_back_once_each(span: str, sentence: str, translator: Translator) -> None:
    translation = translator.translate(sentence.replace("{}", span))
    assert translation.text.count(span) == 1
    assert translation.warnings == ()
    assert "⟦" not in translation.text.replace(span, "")


def test_more_spans_than_the_model_has_symbols_come_back(translator: Translator) -> None:
    names = [f"{{name{i}}}" for i in range(20)]
    text = translator.translate("请注意" + "、".join(names) + "都不同。").text
    assert all(text.count(name) == 1 for name in names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("人口约3万，面积1.5亿平方米。", ["30,000", "150 million"]),
        ("二〇二六年，中国经济增长5.2%。", ["2026", "5.2%"]),
        (
            "2023年，公司收入增长12.5%，达到3.6亿元，员工1,200人。",
            ["2023", "12.5%", "360 million", "1,200"],
        ),
        ("價格是二千五百元。", ["two thousand five hundred"]),
        ("气温25℃，风速5m/s。", ["25°C", "5m/s"]),
    ],
)
def test_numbers_keep_their_worth(text: str, expected: list[str], translator: Translator) -> None:
    translation = translator.translate(text)
    assert translation.warnings == ()
    assert all(number in translation.text for number in expected)


def test_a_long_row_of_digits_stays_as_it_is(translator: Translator) -> None:
    digits = "138001380001380013800"
    assert digits in translator.translate(f"我的号码是{digits}。").text
    assert "http" not in translator.translate(f"{digits}号").text


def test_traditional_characters_are_translated_as_simplified_ones_are(
    translator: Translator,
) -> None:
    traditional, simplified = "我們在臺灣學習電腦軟體。", "我们在台湾学习电脑软体。"
    assert translator.translate(traditional).text == translator.translate(simplified).text


def test_mixed_languages_are_one_sentence_in_english(translator: Translator) -> None:
    text = translator.translate("我用Python写代码，但是他喜欢用Java。").text
    assert "Python" in text
    assert "Java" in text
    assert not re.search("[\u4e00-\u9fff，。]", text)


@pytest.mark.parametrize(
    "text",
    ["Hello, world!", "😀", "——", "3.14", " \n\t", "https://example.com/中文路径", "{{a}} %s"],
)
def test_what_needs_no_translation_comes_back_unchanged(text: str, translator: Translator) -> None:
    translation = translator.translate(text)
    assert translation.text == text
    assert translation.warnings == ()
    assert all(sentence.score is None for sentence in translation.sentences)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("中国的科技创新能力正在快速提升。", "."),
        ("你好吗？", "?"),
        ("太好了！", "!"),
        ("他说：“好。”", '."'),
    ],
)
def test_the_final_mark_is_the_sources_in_ascii(
    text: str, ending: str, translator: Translator
) -> None:
    assert translator.translate(text).text.endswith(ending)


def test_a_final_dot_does_not_lose_the_sentence(translator: Translator) -> None:
    assert translator.translate("好的").text.lower().strip(".") == translator.translate(
        "好的。"
    ).text.lower().strip(".")


def test_entities_and_tags_stay_in_text(translator: Translator) -> None:
    assert "&lt;" in translator.translate("价格 &lt;100 元").text
    text = translator.translate("<p>你好，<b>朋友</b>！</p>").text
    assert re.fullmatch(r"<p>.*\w.*<b>[\w ]+</b>.*</p>", text)


def test_no_sentence_is_dropped_in_the_middle(translator: Translator) -> None:
    translation = translator.translate("今天是星期一。今天是星期二。今天是星期三。今天是星期四。")
    assert len(translation.sentences) == 4
    assert all(sentence.target for sentence in translation.sentences)


def test_a_word_alone_is_translated(translator: Translator) -> None:
    assert translator.translate("否").text == "No"


def test_the_literal_separator_of_another_pipeline_is_only_text(translator: Translator) -> None:
    translation = translator.translate("你好<SENT_SPLIT>再见")
    assert len(translation.sentences) == 1
    assert "<SENT_SPLIT>" in translation.text


def test_the_best_answer_so_far_is_given_where_there_is_no_time_to_try_again(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, calls = translator._decode, []

    def late(*arguments: object) -> list[Hypothesis]:
        calls.append(arguments)
        if len(calls) > 1:
            raise DeadlineExceeded("late")
        return decode(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(translator, "_decode", late)
    translation = translator.translate("人口约3万，面积1.5亿平方米。", timeout=60)
    assert len(calls) == 2
    assert translation.warnings == ("numbers",)
