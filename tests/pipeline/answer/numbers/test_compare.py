"""Right renderings of a number pass, wrong ones are found, and no text costs or breaks much."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answer.numbers.chinese.reader import quantities
from pipeline.answer.numbers.compare import invented, missing

TESTSETS = Path(__file__).resolve().parents[4] / "quantize" / "testsets"

RIGHT = [
    ("该国人口约3亿5000万。", "The country has a population of about 350 million."),
    ("总价13万2千元。", "The total price is 132,000 yuan."),
    ("有20多万人参加。", "More than 200,000 people attended."),
    ("现场有100多万观众。", "There were over a million spectators."),
    ("销量300余万台。", "Over 3 million units were sold."),
    ("他身高1米75。", "He is 1.75 meters tall."),
    ("房价打8折。", "The room is 20% off."),
    ("今天2/3的人来了。", "Two thirds of the people came today."),
    ("这本书2块5。", "This book is 2.5 yuan."),
    ("他是85后。", "He was born after 1985."),
    ("粉丝有100w。", "There are 1 million fans."),
    ("会议开了90分钟。", "The meeting lasted an hour and a half."),
    ("十几万人参加。", "More than 100,000 people took part."),
    ("十四五规划", "the 14th Five-Year Plan"),
    ("亏损1亿5千万。", "The loss is 150 million."),
    ("收入十亿3000万元。", "The income was 1.03 billion yuan."),
    ("他花了3万2买车。", "He spent 32,000 on a car."),
    ("支票金额为伍仟元整。", "The check is for five thousand yuan."),
    ("达到三万亿元。", "It reached three trillion yuan."),
    ("温度−5℃。", "The temperature is minus 5 degrees."),
    ("含盐3.5‰。", "It holds 3.5‰ salt."),
    ("二〇二六号房间。", "Room 2026."),
    ("会议在下午两点半开始。", "The meeting began at 2:30 p.m."),
    ("下午三点见。", "See you at 15:00."),
    ("1939年5月3日", "3 May 1939"),
    ("人口约3万，面积1.5亿平方米。", "The population is 30,000, 150 million square meters."),
    ("万一他来了，千万别说。", "If he comes, do not say it."),
    ("三心二意，一起做三明治。", "Half-hearted, they make sandwiches together."),
]
WRONG = [
    ("利率为0.05%。", "The rate is 5%."),
    ("系数是0.25。", "The factor is 25."),
    ("重1.234吨。", "It weighs 1,234 tons."),
    ("增长12%。", "It grew by 12."),
    ("利率下调千分之五。", "The rate was cut by 5%."),
    ("含盐3.5‰。", "It holds 3.5% salt."),
    ("温度−5℃。", "The temperature is 5 degrees."),
    ("气温零下十度。", "It is ten degrees."),
    ("增长-3.5%。", "It grew 3.5%."),
    ("总额三万亿元。", "The total is three million yuan."),
    ("人民币壹佰万元。", "One hundred yuan."),
    ("价格打八折。", "The price is eight."),
    ("会议两点半开始。", "The meeting begins at two."),
    ("销量300余万台。", "Sales were 300 units."),
    ("三分之二的人。", "One third of the people."),
    ("增长三分之一。", "It grew by one half."),
    ("1.5小时", "five hours"),
    ("0.5毫克", "5 milligrams"),
    ("该国人口约3亿5000万。", "The population is about 300 million 50 million."),
    ("他花了3万2买车。", "He spent 30,0002 on a car."),
    ("这套房子售价￥1,299万元。", "This house sells for ¥1, 2.99 million."),
    ("有300人。", "There are 30 people."),
    ("他来了。", "He came in 1998."),
]


@pytest.mark.parametrize(("source", "target"), RIGHT)
def test_a_right_rendering_passes(source: str, target: str) -> None:
    assert missing(source, target) == []
    assert invented(source, target) == []


@pytest.mark.parametrize(("source", "target"), WRONG)
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
