from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.wrap import wrap
from pipeline.tokenizers import Tokenizer


def parts(text: str, tokenizer: Tokenizer, limit: int) -> list[str]:
    wrapped = list(wrap(text, tokenizer.encode, tokenizer.count, limit))
    assert all(len(ids) <= limit or span.end - span.start == 1 for span, ids in wrapped)
    return [text[span.start : span.end] for span, _ in wrapped]


def test_a_text_that_fits_is_left_whole(tokenizer: Tokenizer) -> None:
    assert parts("今天天气很好。", tokenizer, 32) == ["今天天气很好。"]


@pytest.mark.parametrize(
    ("best", "worse"),
    [("；", "，"), ("，", "、"), ("：", "、"), ("、", " "), ("，”", "、"), (" ", "")],
)
def test_the_strongest_boundary_is_taken(best: str, worse: str, tokenizer: Tokenizer) -> None:
    clause = f"我们今天去公园{worse}看风景"
    text = f"{clause}{best}{clause}"
    assert parts(text, tokenizer, tokenizer.count(text) - 1) == [f"{clause}{best}".strip(), clause]


def test_without_punctuation_words_stay_whole(tokenizer: Tokenizer) -> None:
    text = "中国的科技创新能力正在快速提升" * 40
    wrapped = parts(text, tokenizer, 32)
    assert "".join(wrapped) == text
    # Whole words: the parts take no more tokens than the text, the part's opening ▁ apart.
    assert sum(map(tokenizer.count, wrapped)) <= tokenizer.count(text) + len(wrapped)


def test_numbers_latin_words_and_urls_stay_whole(tokenizer: Tokenizer) -> None:
    whole = [
        "1,234,567.89",
        "TensorFlow",
        "https://example.com/a/b?c=d&e=f",
        "v1.2.3",
        "user@example.com",
    ]
    text = "公司".join(whole * 6) + "公司"
    wrapped = parts(text, tokenizer, 40)
    assert "".join(wrapped) == text
    assert sum(part.count(word) for part in wrapped for word in whole) == 6 * len(whole)


def test_a_word_that_alone_is_too_long_is_parted(tokenizer: Tokenizer) -> None:
    wrapped = parts("a1b2" * 500, tokenizer, 64)
    assert "".join(wrapped) == "a1b2" * 500
    assert len(wrapped) > 1


def test_what_is_drawn_as_one_stays_whole(tokenizer: Tokenizer) -> None:
    family = "👨\u200d👩\u200d👧"
    for text in ("e\u0301中\u0301" * 100, family * 50, "👍🏽" * 100):
        wrapped = parts(text, tokenizer, 48)
        assert "".join(wrapped) == text
        assert len(wrapped) > 1
        for part in wrapped:
            assert not unicodedata.category(part[0]).startswith("M")
            assert part[0] not in "\u200d🏽"
            assert part[-1] != "\u200d"


def test_ten_thousand_characters_without_punctuation_cost_little_more_than_linear_work(
    tokenizer: Tokenizer,
) -> None:
    seen = 0

    def encode(text: str) -> list[int]:
        nonlocal seen
        seen += len(text)
        return tokenizer.encode(text)

    def work(length: int) -> int:
        nonlocal seen
        seen = 0
        text = ("科技创新能力提升中国" * length)[:length]
        assert (
            "".join(text[s.start : s.end] for s, _ in wrap(text, encode, tokenizer.count, 128))
            == text
        )
        return seen

    assert work(10_000) < 30 * work(1_000)  # n log n gives 23, n² gives 100


NASTY = "中文一aB19.,，；:：、 　。”“（）\u0301\u200d\ufe0f👍🏽🇨🇳/@-。\t"


@given(st.text(alphabet=NASTY, min_size=1, max_size=120), st.integers(min_value=1, max_value=24))
def test_nothing_but_blanks_is_lost(text: str, limit: int) -> None:
    def encode(part: str) -> list[int]:
        return list(part.encode())

    end = 0
    for span, ids in wrap(text, encode, len, limit):
        assert not text[end : span.start].strip("\t 　")
        assert len(ids) <= limit or span.end - span.start == 1
        end = span.end
    assert not text[end:].strip("\t 　")
