"""Right renderings of a number pass, wrong ones are found, and no text costs or breaks much."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answer.numbers.chinese.reader import quantities
from pipeline.answer.numbers.compare import invented, missing

TESTSETS = Path(__file__).resolve().parents[4] / "quantize" / "testsets"

HERE = Path(__file__).parent


def pairs(name: str) -> list[list[str]]:
    """Sources and translations of a file, a pair a line."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line]


@pytest.mark.parametrize(("source", "target"), pairs("right.tsv"))
def test_a_right_rendering_passes(source: str, target: str) -> None:
    assert missing(source, target) == []
    assert invented(source, target) == []


@pytest.mark.parametrize(("source", "target"), pairs("wrong.tsv"))
def test_a_wrong_rendering_is_found(source: str, target: str) -> None:
    assert missing(source, target) or invented(source, target)


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("约3亿5000万", "350 million"),
        ("3万2", "32,000"),
        ("二〇二六号", "2026"),
        ("十亿3000万元", "1.03 billion"),
        ("三百五十本", "350"),
        ("2024年3月15日", "March 15, 2024"),
    ],
)
def test_a_number_is_written_as_english_writes_it(text: str, english: str) -> None:
    (number,) = quantities(text)
    assert number.english == english


def test_human_translations_are_hardly_ever_flagged() -> None:
    sides = [
        (TESTSETS / f"flores-dev.{side}").read_text(encoding="utf-8").splitlines()
        for side in ("zh", "en")
    ]
    pairs = list(zip(*sides, strict=True))
    flagged = [pair for pair in pairs if missing(*pair) or invented(*pair)]
    assert len(pairs) == 997
    assert len(flagged) <= 5


def in_chinese(value: int) -> str:
    """A whole number below 10^8 in Chinese numerals."""
    digits = "零一二三四五六七八九"

    def section(worth: int) -> str:
        said, gap = "", False
        for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit, worth = divmod(worth, unit)
            if digit:
                said += ("零" if gap and said else "") + digits[digit] + name
            gap = not digit
        return said

    high, low = divmod(value, 10_000)
    joint = "零" if high and 0 < low < 1000 else ""
    return (f"{section(high)}万" if high else "") + joint + section(low)


@given(st.integers(21, 99_999_999))
def test_both_grammars_read_the_same_number(value: int) -> None:
    source = f"一共有{in_chinese(value)}个人。"
    assert missing(source, f"There are {value:,} people in all.") == []
    assert invented(source, f"There are {value:,} people in all.") == []
    assert missing(source, f"There are {value + 7:,} people in all.") != []


ALPHABET = "0123456789,.%％‰−-/:：点零〇一二三十百千万亿两半折成倍多余几壹佰年月日时aA k$￥第分之"


@given(st.text(alphabet=ALPHABET, max_size=80), st.text(alphabet=ALPHABET, max_size=80))
def test_no_text_raises(source: str, target: str) -> None:
    missing(source, target)
    invented(source, target)


@pytest.fixture
def no_collections() -> Iterator[None]:
    """Python's search for cycles goes through all that other tests have left behind."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("piece", ["1", "9,", "一", "万", "1万", "三分之", "1.", "-", "零", "十"])
def test_twice_the_text_takes_about_twice_the_time(piece: str) -> None:
    def seconds(count: int) -> float:
        text, best = piece * count, float("inf")
        for _ in range(3):
            began = time.process_time()
            missing(text, text)
            invented(text, text)
            best = min(best, time.process_time() - began)
        return best

    assert seconds(8000) < 3.5 * seconds(4000) + 0.05
