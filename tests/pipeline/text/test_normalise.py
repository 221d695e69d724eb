from __future__ import annotations

import pytest

from pipeline.errors import InvalidText
from pipeline.text.normalise import HAN, Normaliser, checked, visible


@pytest.fixture(scope="module")
def normaliser() -> Normaliser:
    return Normaliser()


@pytest.mark.parametrize("text", ["中\0文", "\0", "中\ud800文", "\udfff"])
def test_nul_and_lone_surrogates_are_refused_without_quoting_the_text(text: str) -> None:
    with pytest.raises(InvalidText) as caught:
        checked(text)
    assert "中" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_characters_outside_the_basic_plane_are_fine() -> None:
    assert checked("𠮷野家😀") == "𠮷野家😀"


def test_only_a_leading_byte_order_mark_is_dropped() -> None:
    assert checked("\ufeff中\ufeff文") == "中\ufeff文"


def test_traditional_becomes_simplified(normaliser: Normaliser) -> None:
    assert normaliser.normalise("臺灣的電腦軟體與乾隆皇帝著名") == "台湾的电脑软体与乾隆皇帝著名"


def test_composed_form_is_used(normaliser: Normaliser) -> None:
    assert normaliser.normalise("cafe\u0301店") == "café店"


def test_invisible_characters_go_and_blanks_collapse(normaliser: Normaliser) -> None:
    assert normaliser.normalise("\u200b中\u200d文\u00ad\x07 \u3000\t好\u202e\ufe0f\n") == "中文 好"


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
