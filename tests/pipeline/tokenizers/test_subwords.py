"""The published models' text side, beside what the reference's records cover
(csanmt/test_reference.py).
"""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.tokenizers.subwords import (
    CACHED_WORDS,
    LONGEST_WORD,
    SourceText,
    TargetText,
    read_vocabulary,
)
from tests.reference import FOLDER

CODES = FOLDER / "tiny_abs_shared" / "bpe.zh"
CHINESE = SourceText(CODES, "zh", "en")


def test_only_the_ends_of_file_lines_part_tokens(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary"
    path.write_bytes("</s>\n一\u2028二\n \x85三 \r\n四\r五\n".encode())
    assert read_vocabulary(path) == ["</s>", "一\u2028二", "三", "四", "五"]


def test_blank_and_odd_texts() -> None:
    for text in ("", " ", "\u3000\xa0\u2028\t", "\r\n", "\n\r\n "):
        assert CHINESE.pieces(text) == []
    assert CHINESE.pieces("甲\r\n乙") == [
        "甲",
        "@@",
        "乙",
    ]  # one word to jieba, whose parts are blank
    assert CHINESE.pieces("</s>") == ["<", "/", "s", ">"]


def test_words_of_any_length_are_cut_in_little_time_and_nothing_is_lost() -> None:
    pieces = CHINESE.pieces("中" + "ab" * 20_000)
    assert "".join(pieces).replace("@@", "") == "中" + "ab" * 20_000
    assert max(map(len, pieces)) <= LONGEST_WORD


def test_the_cache_is_bounded() -> None:
    text = SourceText(CODES, "zh", "en")
    for word in range(3):
        text.pieces(f"w{word}x")
    assert text._cached.cache_info().maxsize == CACHED_WORDS
    assert text._cached.cache_info().currsize > 0


def test_threads_get_what_one_gets() -> None:
    texts = [f"在当今发达国家，提供第{i}间豪华民宿。" for i in range(200)]
    alone = [CHINESE.pieces(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(SourceText(CODES, "zh", "en").pieces, texts)) == alone


def test_other_languages_are_cut_by_moses() -> None:
    assert (
        "".join(SourceText(CODES, "en", "zh").pieces("It's well-known.")).replace("@@", "")
        == "It&apos;swell@-@known."
    )
    assert (
        "".join(SourceText(CODES, "fr", "en").pieces("bien-être")).replace("@@", "") == "bien-être"
    )


def test_subwords_are_joined_and_set_as_english() -> None:
    assert (
        TargetText("en").text(["It", "&apos;s", "a", "te@@", "st", ",", "<unk>", "."])
        == "It's a test, <unk>."
    )


def test_it_can_be_sent_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(CHINESE))
    assert again.pieces("人工智能") == CHINESE.pieces("人工智能")


@pytest.mark.parametrize(
    "content", ["#version: 0.2\n一 个 人\n", "#version: 0.2\n一\n", "#version: 0.9\n一 个\n"]
)
def test_merges_that_are_none_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "codes"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="merge"):
        SourceText(path, "zh", "en")
