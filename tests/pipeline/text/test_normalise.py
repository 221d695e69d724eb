from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import InvalidText
from pipeline.text.normalise import HAN, Normaliser, check, visible

TESTSETS = Path(__file__).resolve().parents[3] / "quantize" / "testsets"


@pytest.fixture(scope="module")
def normalise() -> Callable[[str], str]:
    return Normaliser().normalise


@pytest.mark.parametrize("text", ["中\0文", "\0", "中\ud800文", "\udfff"])
def test_nul_and_lone_surrogates_are_refused_without_quoting_the_text(text: str) -> None:
    with pytest.raises(InvalidText) as caught:
        check(text)
    assert "中" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_characters_outside_the_basic_plane_and_byte_order_marks_are_fine() -> None:
    check("\ufeff𠮷野家😀")


def test_traditional_becomes_simplified(normalise: Callable[[str], str]) -> None:
    assert normalise("臺灣的電腦軟體與乾隆皇帝著名") == "台湾的电脑软体与乾隆皇帝著名"


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("他著急地等著。", "他着急地等着。"),
        ("帶著孩子看著我", "带着孩子看着我"),
        ("隨著時間，嬰兒睡著了", "随着时间，婴儿睡着了"),
        ("衞星發射，敍利亞", "卫星发射，叙利亚"),
        ("裏面，裡面，喫飯", "里面，里面，吃饭"),
        ("臺灣著名作家的原著", "台湾著名作家的原著"),
        ("顯著的土著，他著有《名著》", "显著的土著，他著有《名著》"),
    ],
)
def test_the_letters_of_taiwan_and_hong_kong_are_known(
    traditional: str, simplified: str, normalise: Callable[[str], str]
) -> None:
    assert normalise(traditional) == simplified


@pytest.mark.parametrize("name", ["flores-dev.zh", "ntrex.zh"])
def test_simplified_text_stays_as_it_is(name: str) -> None:
    normaliser = Normaliser()
    for text in (TESTSETS / name).read_text(encoding="utf-8").splitlines():
        assert normaliser.simplified(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "text", ["鲁迅著", "原著和编著", "著名的著作", "显著", "合著者", "著有两本书"]
)
def test_simplified_words_keep_their_zhu(text: str) -> None:
    assert Normaliser().simplified(text) == text


@pytest.mark.parametrize(
    ("spaced", "closed"),
    [
        ("今 天 天 气 很 好 。", "今天天气很好。"),
        ("短期 负 荷 预 测", "短期负荷预测"),
        ("今天 天气 很 好 。", "今天天气很好。"),
        ("目　录", "目录"),
        ("他说 ： “ 好 ” 。", "他说：“好”。"),
    ],
)
def test_spaces_of_badly_read_text_are_closed_up(
    spaced: str, closed: str, normalise: Callable[[str], str]
) -> None:
    assert normalise(spaced) == closed


@pytest.mark.parametrize(
    "text", ["姓名 性别 年龄", "我们 用 Python 写 代码", "张三 李四", "第一章 总则", "用 a 和 b"]
)
def test_spaces_between_columns_and_latin_words_stay(
    text: str, normalise: Callable[[str], str]
) -> None:
    assert normalise(text) == text


def test_composed_form_is_used(normalise: Callable[[str], str]) -> None:
    assert normalise("cafe\u0301店") == "café店"


def test_invisible_characters_go_and_blanks_collapse(normalise: Callable[[str], str]) -> None:
    assert normalise("\u200b中\u200d文\u00ad\x07 \u3000\t好\u202e\ufe0f\n") == "中文 好"


def test_nothing_but_invisible_characters_is_nothing() -> None:
    assert visible("\u200b \ufeff\x01\ufffd") == ""


@pytest.mark.parametrize("text", ["中", "々", "〇", "㐀", "豈", "𠮷"])
def test_han_characters_are_known(text: str) -> None:
    assert HAN.search(text)


@pytest.mark.parametrize(
    "text", ["hello", "こんにちは", "안녕", "Привет", "，。！", "１２３", "😀", "①②", "ㄅㄆㄇ"]
)
def test_other_scripts_and_signs_are_not_han(text: str) -> None:
    assert not HAN.search(text)
