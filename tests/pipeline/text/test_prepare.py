from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InvalidText
from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared
from pipeline.text.units import UnitEncoder
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import MASKS, VOCABULARIES, text_bundle


def joined(prepared: Prepared) -> str:
    separators = iter(prepared.separators)
    return next(separators) + "".join(unit.text + next(separators) for unit in prepared.units)


def assert_nothing_lost(prepared: Prepared) -> None:
    assert len(prepared.separators) == len(prepared.units) + 1
    assert joined(prepared) == prepared.text
    end = 0
    for unit in prepared.units:
        assert end <= unit.span.start < unit.span.end
        assert prepared.text[unit.span.start : unit.span.end] == unit.text
        end = unit.span.end


ARTICLE = "　　第一章　总则\r\n\r\n1. 你好。　再见！\n\t- “好。”他说。\u2028（一）3.5元 \x85"


def test_layout_stands_in_separators(preprocessor: Preprocessor) -> None:
    prepared = preprocessor.prepare(ARTICLE)
    assert [unit.text for unit in prepared.units] == [
        "第一章",
        "总则",
        "你好。",
        "再见！",
        "“好。”他说。",
        "3.5元",
    ]
    assert prepared.separators == (
        "　　",
        "　",
        "\r\n\r\n1. ",
        "　",
        "\n\t- ",
        "\u2028（一）",
        " \x85",
    )
    assert prepared.warnings == ()
    assert_nothing_lost(prepared)


NASTY = (
    "中文字說好aB1 9.。！？!?…,，；:：“”‘’\"'（）()《》「」"
    "\n\r\t\v\f\x1c\x1f\u2028\u2029\x85\u3000\xa0\u200b\ufeff"
    "\u0301\u200d\ufe0f😀👍🏽🇨𠮷-*•一十、①~～</>&;@⟦⟧0\ufffd\x01"
)
TEXTS = st.one_of(st.text(alphabet=NASTY, max_size=150), st.text(max_size=80))


@given(TEXTS)
def test_separators_and_units_interleave_to_the_text(preprocessor: Preprocessor, text: str) -> None:
    try:
        prepared = preprocessor.prepare(text)
    except InvalidText:
        assert "\0" in text
        return
    assert prepared.text == text
    assert_nothing_lost(prepared)


@given(st.text(alphabet=NASTY, max_size=150), st.integers(min_value=6, max_value=12))
def test_short_limits_lose_nothing_and_hold(text: str, limit: int) -> None:
    prepared = short_preprocessor(limit).prepare(text)
    assert_nothing_lost(prepared)
    assert all(len(unit.ids) <= limit for unit in prepared.units)


@cache
def short_preprocessor(limit: int) -> Preprocessor:
    return Preprocessor(
        UnitEncoder(
            SentencePieceTokenizer(VOCABULARIES / "source.spm", VOCABULARIES / "target.spm", MASKS),
            limit,
        )
    )


@pytest.mark.parametrize("text", ["\ud800", "你好\udc00", "a\0b"])
def test_what_is_no_text_is_refused(text: str, preprocessor: Preprocessor) -> None:
    with pytest.raises(InvalidText):
        preprocessor.prepare(text)


def test_a_byte_order_mark_is_layout(preprocessor: Preprocessor) -> None:
    prepared = preprocessor.prepare("\ufeff你好")
    assert prepared.text == "\ufeff你好"
    assert prepared.separators[0] == "\ufeff"
    assert prepared.units[0].span.start == 1


@pytest.mark.parametrize("text", ["", " ", "\n\n\r\n", "\u3000\t", "\u200b\ufeff\u2060"])
def test_blank_text_has_no_units(text: str, preprocessor: Preprocessor) -> None:
    prepared = preprocessor.prepare(text)
    assert prepared.units == ()
    assert prepared.separators == (prepared.text,)


@pytest.mark.parametrize(
    "text",
    [
        "。。。",
        "！？",
        "😀👨\u200d👩\u200d👧🇨🇳",
        "3.14",
        "2024-01-02 10:30",
        "１２３％",
        "Hello, world. How are you?",
        "こんにちは",
        "Привет, мир!",
        "안녕하세요",
        "https://example.com/?q=1",
        "</p>",
        "⟦0⟧",
        "①②③",
        "👍🏽 OK",
    ],
)
def test_text_without_chinese_asks_no_model(text: str, preprocessor: Preprocessor) -> None:
    assert all(unit.ids == () for unit in preprocessor.prepare(text).units)


@pytest.mark.parametrize("text", ["中", "3年", "我用Python", "々", "😀好", "𠮷"])
def test_text_with_chinese_has_ids_without_the_end_symbol(
    text: str, preprocessor: Preprocessor
) -> None:
    (unit,) = preprocessor.prepare(text).units
    assert unit.ids
    assert 0 not in unit.ids


def test_traditional_full_width_and_invisible_variants_are_one_to_the_model(
    preprocessor: Preprocessor,
) -> None:
    plain = preprocessor.prepare("我们用Python3学习语言。").units[0]
    variant = preprocessor.prepare("我們\u200b用Ｐｙｔｈｏｎ３學習\u00ad語言。").units[0]
    assert variant.ids == plain.ids
    assert variant.text == "我們\u200b用Ｐｙｔｈｏｎ３學習\u00ad語言。"


def test_ids_are_the_vocabularys(preprocessor: Preprocessor) -> None:
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(VOCABULARIES / "source.spm"))
    assert list(preprocessor.prepare("今天天气很好。").units[0].ids) == vocabulary.encode(
        "今天天气很好。"
    )


def test_ten_thousand_characters_without_punctuation_are_wrapped_not_cut(
    preprocessor: Preprocessor,
) -> None:
    text = "中国的科技创新能力正在快速提升" * 667
    prepared = preprocessor.prepare(text[:10_000])
    assert prepared.warnings == ("split",)
    assert all(0 < len(unit.ids) <= 128 for unit in prepared.units)
    assert len(prepared.units) < 120
    assert_nothing_lost(prepared)


def test_a_long_sentence_is_wrapped_at_its_clauses(tmp_path: Path) -> None:
    preprocessor = Preprocessor.load(text_bundle(tmp_path, max_source_length=16))
    prepared = preprocessor.prepare("我们今天去公园看风景；他们明天去学校上课，后天回家。你好。")
    assert [unit.text for unit in prepared.units] == [
        "我们今天去公园看风景；",
        "他们明天去学校上课，后天回家。",
        "你好。",
    ]
    assert prepared.warnings == ("split",)


def test_long_text_without_chinese_is_not_wrapped(preprocessor: Preprocessor) -> None:
    prepared = preprocessor.prepare("word " * 2000)
    assert len(prepared.units) == 1
    assert prepared.warnings == ()


def test_threads_share_a_preprocessor(preprocessor: Preprocessor) -> None:
    texts = [f"第{i}句說明。今天{i}月很好！" * 5 for i in range(40)]
    expected = [preprocessor.prepare(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(preprocessor.prepare, texts)) == expected


@pytest.mark.parametrize("piece", ["\U000f0000中", "{a}", "中{a}，", "😀"])
def test_a_sentence_of_any_number_of_spans_loses_none(
    piece: str, preprocessor: Preprocessor
) -> None:
    prepared = preprocessor.prepare(piece * 5000, "off")
    assert_nothing_lost(prepared)
    if "中" in piece:
        assert sum(len(unit.protected) for unit in prepared.units) == 5000
        assert all(len(unit.protected) <= 8 for unit in prepared.units)


def test_masked_ids_hold_the_symbols_and_the_unit_what_they_stand_for(
    preprocessor: Preprocessor,
) -> None:
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(VOCABULARIES / "source.spm"))
    (unit,) = preprocessor.prepare("请访问https://a.cn/b或⟦0⟧。").units
    assert list(unit.ids) == vocabulary.encode("请访问⟦0⟧或⟦1⟧。")
    assert [span.text for span in unit.protected] == ["https://a.cn/b", "⟦0⟧"]
    assert [span.kind for span in unit.protected] == ["url", "symbol"]


@pytest.mark.parametrize(
    "text", ["运行`你好。再见`吧。", "见 https://a.cn/b.C。下一句", "用{{a。b}}。"]
)
def test_no_sentence_ends_within_a_protected_span(text: str, preprocessor: Preprocessor) -> None:
    prepared = preprocessor.prepare(text)
    assert_nothing_lost(prepared)
    assert sum(len(unit.protected) for unit in prepared.units) == 1
