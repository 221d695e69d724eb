from __future__ import annotations

import pytest

from pipeline.answer.numbers.chinese import numbers, written
from pipeline.answer.numbers.compare import invented, missing
from pipeline.answer.numbers.english import values


@pytest.mark.parametrize(
    ("source", "english"),
    [
        ("3万人", "30,000"),
        ("1.5亿元", "150 million"),
        ("３５００万", "35 million"),
        ("10万亿", "10 trillion"),
        ("1,234,567", "1,234,567"),
        ("百分之五", "5%"),
        ("百分之十二点五", "12.5%"),
        ("百分之百", "100%"),
        ("二〇二六年", "2026"),
        ("一九四九年", "1949"),
        ("两千三百万", "23 million"),
        ("十二亿三千万", "1.23 billion"),
        ("一百零五", "105"),
        ("三百五", "350"),
        ("两万五", "25,000"),
        ("第二十五届", "25"),
        ("三个人", "3"),
        ("3千米", "3"),
        ("3千人", "3,000"),
    ],
)
def test_a_number_is_read_and_written_in_english(source: str, english: str) -> None:
    (number,) = numbers(source)
    assert number.english == english


@pytest.mark.parametrize(
    "text",
    [
        *(
            "一些",
            "一起",
            "一样",
            "三心二意",
            "五颜六色",
            "乱七八糟",
            "四面八方",
            "九牛一毛",
            "七上八下",
            "百里挑一",
        ),
        *(
            "十分",
            "千万不要",
            "万一",
            "几十年",
            "数百人",
            "上千万",
            "七八个",
            "二三十人",
            "十几",
            "双十一",
            "十六进制",
        ),
        *(
            "三分之二",
            "两国",
            "一个",
            "第一",
            "1个",
            "三三两两",
            "一五一十",
            "百分比",
            "亿万",
            "不三不四",
            "万万没想到",
        ),
    ],
)
def test_idioms_and_vague_amounts_are_no_numbers(text: str) -> None:
    assert list(numbers(text)) == []


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("人口3万。", "The population is 30,000."),
        ("人口3万。", "The population is thirty thousand."),
        ("1.5亿美元", "$150 million"),
        ("1.5亿美元", "USD 150m"),
        ("150万到200万人", "1.5 to 2 million people"),
        ("下降百分之五", "fell by five percent"),
        ("二〇二六年三月五日", "March 5, 2026"),
        ("2024年3月15日", "On 15 March 2024"),
        ("12月", "December"),
        ("20 世纪 80 年代", "the 1980s"),
        ("十九世纪", "in the 19th century"),
        ("下午3点", "at 15:00"),
        ("21时", "at 9 p.m."),
        ("第二十一届", "the twenty-first"),
        ("1939年至1945年", "1939–45"),
        ("二十年", "two decades"),
        ("2个人", "both of them"),
        ("1984年", "nineteen eighty-four"),
        ("路易14", "Louis XIV"),
        ("两千零二十六", "two thousand and twenty-six"),
        ("增长3倍", "a fourfold rise"),
        ("电话13812345678", "call 138-1234-5678"),
        ("一百零五个国家", "one hundred and five countries"),
        ("12打", "a dozen"),
    ],
)
def test_numbers_may_be_said_as_english_says_them(source: str, translation: str) -> None:
    assert missing(source, translation) == []
    assert invented(source, translation) == []


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("人口3万。", "The population is 3 million."),
        ("1.5亿美元", "$1.5 billion"),
        ("下降百分之五", "fell by fifteen percent"),
        ("二〇二六年", "in the two years"),
        ("3个苹果", "four apples"),
        ("价格1,299元", "the price is 1, 299 yuan"),
        ("第二十五届", "the second 25th".replace("25th", "")),
        ("三本书和五条鱼，各三件", "fish"),
    ],
)
def test_a_changed_number_is_missing(source: str, translation: str) -> None:
    assert missing(source, translation)


def test_a_figure_from_nowhere_is_found() -> None:
    assert invented("他来了。", "He came in 1998.") == ["1998"]
    assert invented("新冠疫情", "the COVID-19 pandemic") == []
    assert invented("十几个人", "some 10 people") == []


def test_dates_are_written_as_one() -> None:
    text = "二〇二四年三月十五日和5月1号，2023年10月"
    assert [english for *_, english in written(text)] == ["March 15, 2024", "May 1", "October 2023"]


@pytest.mark.parametrize(
    "text", ["", "no numbers", "the hundreds", "point and a an", "1,2,3", "IIII", "9" * 5000]
)
def test_any_english_can_be_read(text: str) -> None:
    assert all(value >= 0 for value in values(text))
