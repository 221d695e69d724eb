"""Phrases of a Chinese text that nothing follows which would change their worth.

One character is part of too many words to be a number, unless what it counts follows.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.answer.numbers.chinese.phrases import Phrase, as_written
from pipeline.answer.numbers.quantity import DAY, LONG_ROW, NOON, Kind, Number, Quantity, Value
from pipeline.answer.numbers.written import ordinal

_COUNTED = (
    "个名位本只条张座辆艘架台家次天岁倍件篇场年分项部种支枚档届季页套轮份首集批周"
    "颗粒头匹间句段章节门所幅枝根瓶杯碗吨米斤秒"
)
_UNITS = (
    *("小时", "个小时", "钟头", "个钟头", "分钟", "刻钟", "秒钟", "星期", "个星期", "礼拜", "个月"),
    *("季度", "公里", "千米", "厘米", "毫米", "公分", "公斤", "千克"),
)
COUNTED = re.compile(f"[{_COUNTED}]|{'|'.join(_UNITS)}")
_WORDS = re.compile("两[家部种]|四[周季]|三轮")  # "both", "around", "all year round", "tricycle"
_PART_OF_A_WORD = frozenset("一二三四五六七八九十两百千万这那每哪有无不老丢番")
_NEXT = re.compile("二(?=[天日年轮])|一")  # "the next day"
_NUMBERED = frozenset("号页章节条款行回卷-~～至到")  # "第3页" is page 3, not the third
_MILLENNIUM = range(1000, 3000)


def counted(phrase: Phrase) -> bool:
    """Whether a numeral of one character is followed by what it counts ("三个", not "三心二意")."""
    first, text = phrase.first, phrase.source.text
    return (
        len(phrase.numerals) == 1
        and first.single
        and not first.loose
        and first.low > 1
        and text[first.start - 1 : first.start] not in _PART_OF_A_WORD
        and bool(COUNTED.match(text, phrase.end))
        and not _WORDS.match(text, first.start)
    )


def plain(phrase: Phrase) -> Quantity:
    """The phrase as it is."""
    digits, first = phrase.digits, phrase.first.low

    def convert(worth: Number) -> frozenset[Value]:
        if first in _MILLENNIUM and worth < 100:  # 2008-09
            return frozenset((worth, int(first) // 100 * 100 + worth))
        return frozenset((worth,))

    quantity = phrase.quantity(convert, certain=counted(phrase) or None, english=as_written)
    others: set[Value] = set()
    if len(digits) > LONG_ROW:
        others = {("digits", digits)}
    elif phrase.first.low.denominator == 10 and not phrase.first.figure and phrase.after(1) == "分":
        hour, minute = divmod(int(phrase.first.low * 10), 10)  # "三点五分"
        others = {("clock", hour * 60 + minute), ("clock", (hour * 60 + minute + NOON) % DAY)}
    elif phrase.loose:  # "九一八" may be September 18
        others = {*map(int, digits), *(int(digits[at:]) for at in range(len(digits)))}
    return replace(quantity, values=quantity.values | others) if others else quantity


def ordered(phrase: Phrase) -> Quantity:
    """ "第二十五"; "第3页" is page 3, and "第二天" may be the next day."""
    if phrase.after(1) in _NUMBERED:
        return plain(phrase)
    first, text = phrase.first, phrase.source.text
    alone = len(phrase.numerals) == 1 and first.low.denominator == 1
    return phrase.quantity(
        lambda worth: frozenset((worth,)),
        start=phrase.start - 1 if alone and phrase.before(1) == "第" else None,
        kind=Kind.ORDINAL,
        certain=not (first.loose or first.low == 0 or _NEXT.match(text, first.start)),
        english=(lambda _, worth: ordinal(int(worth))) if alone else None,
    )
