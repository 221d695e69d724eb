from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.language import base, detect

CHINESE = (
    "zh",
    "ZH",
    "zh-CN",
    "zh_TW",
    "zh-Hans",
    "zh-HANT",
    "zh-SG",
    "zh-CHS",
    "cmn",
    "zho",
    "zt",
)
ENGLISH = ("en", "EN", "en-US", "en_GB", "eng")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("你好，世界。", "zh-Hans"),
        ("否", "zh-Hans"),
        ("繁體中文的測試，臺灣的機場", "zh-Hant"),
        ("著名的著作", "zh-Hans"),
        ("我喜欢の", "zh-Hans"),
        ("优の良品", "zh-Hans"),
        ("Hello 世界 this is", "zh-Hans"),
        ("1,234元", "zh-Hans"),
        ("我们今天 go to 北京 with ジョン。", "zh-Hans"),
        ("我喜欢听ジブリ的音乐，也喜欢看电影。", "zh-Hans"),
        ("我們今天去北京見ジョン。", "zh-Hant"),
        ("我喜歡聽さくら的歌", "zh-Hant"),
        ("我们今天去北京，讨论了很多问题。" * 4 + "ありがとう", "zh-Hans"),
        ("我们今天去北京。안녕", "zh-Hans"),
        ("안녕하세요 你好", "ko"),
        ("これは日本語です。", "ja"),
        ("新規会員登録はこちら", "ja"),
        ("渡邊さんは澤田さんと國學院大学へ行きました。", "ja"),
        ("「们」の使い方を説明します。", "ja"),
        ("国際交流センター利用案内", "ja"),
        ("東京都へようこそ", "ja"),
        ("カタカナ", "ja"),
        ("한국어 텍스트", "ko"),
        ("大韓民國은 민주공화국이다", "ko"),
        ("Hello, world", "en"),
        ("Привет", "und"),
        ("déjà vu", "und"),
        ("123 😀 ！", "und"),
        ("", "und"),
    ],
)
def test_the_script_tells_the_language(text: str, language: str) -> None:
    assert detect(text).language == language


def test_a_text_with_little_chinese_is_less_sure() -> None:
    assert detect("你好").confidence == 1
    assert detect("Hello 世界 this is a test").confidence < 0.5


def test_chinese_at_the_end_of_a_long_text_is_found() -> None:
    assert detect("word " * 10_000 + "你好").base == "zh"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        *(
            (tag, "zh")
            for tag in [
                "zh",
                "ZH",
                "zh-CN",
                "zh_TW",
                "zh-Hans",
                "zh-HANT",
                "zh-SG",
                "zh-CHS",
                "cmn",
                "zho",
                "zt",
            ]
        ),
        *((tag, "en") for tag in ["en", "EN", "en-US", "en_GB", "eng"]),
        ("ja", "ja"),
        ("pt-BR", "pt"),
        ("", ""),
    ],
)
def test_every_spelling_of_a_tag_is_one_language(tag: str, language: str) -> None:
    assert base(tag) == language


@given(st.text())
def test_any_text_has_a_language_and_a_confidence(text: str) -> None:
    found = detect(text)
    assert found.language and 0 <= found.confidence <= 1
