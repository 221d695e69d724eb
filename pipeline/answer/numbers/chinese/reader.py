"""Numbers of simplified Chinese text: where they stand, their worth, how English writes them.

    quantity = word | phrase [suffix]
    word     = "翻番" | "半" unit | "上世纪" ["80年代"] | "①" …                          words.py
    phrase   = [sign] numeral {link numeral}                               phrases.py, numerals.py
    suffix   = "%" | 分之 | 成 | 折 | 倍 …                                               shares.py
             | unit | 个半 | 米75 | w …                                                measures.py
             | 年 | 月 | 日 | 世纪 | 年代 …                                               dates.py
             | 点 | 时 | 点半 …                                                          clock.py

A translation must say what is certain, and may say the rest. One character is part of too many
words ("三心二意", "一起") to be a number unless what it counts follows. 0 and 1 are said in too
many ways. "几十", "七八个" and "成千上万" are vague. Idioms are no numbers at all.

Everything takes time in proportion to the text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from pipeline.answer.numbers.chinese import clock, counting, dates, measures, shares
from pipeline.answer.numbers.chinese.numerals import HEAD
from pipeline.answer.numbers.chinese.phrases import COLON, RANGE, SLASH, Phrase, phrase
from pipeline.answer.numbers.chinese.skeleton import skeleton
from pipeline.answer.numbers.chinese.words import WORDS, word
from pipeline.answer.numbers.quantity import Kind, Number, Quantity, Value

_RULES = {**dates.RULES, **clock.RULES, **shares.RULES, **measures.RULES}
_SUFFIX = re.compile("|".join(f"(?P<{name}>{form})" for name, (form, _) in _RULES.items()))
_START = re.compile(f"(?P<word>{WORDS})|{HEAD.pattern}")
_NUMERALS = "[一二三四五六七八九十]"
_IDIOM = re.compile(
    f"十分(?!之|钟)|十[足二]分|十二指肠|{_NUMERALS}{{1,3}}进制|{_NUMERALS}{{1,2}}·{_NUMERALS}{{1,2}}"
    "|十一(?=黄金周|长假|国庆|假期|期间)|(?<=双)十[一二]|百分百|一五一十|十万火急|十万八千里"
    "|五十步笑百步|十有八九|八九不离十|半斤八两|两点一线|五五开|三七二十一"
)
_GROUPED_ROW = 6  # digits; longer rows in groups are telephone numbers and the like
_YEARS = [4, 4]  # digits of two years


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text, in order, none overlapping."""
    source = skeleton(text)
    found: list[Quantity] = []
    at = floor = 0
    while start := _START.search(source.text, at):
        at = start.end()
        if idiom := _IDIOM.match(source.text, start.start()):
            at = idiom.end()
            continue
        quantity = word(source, start) if start["word"] else None
        if quantity is None and (numbers := phrase(source, start.start(), floor)):
            at = numbers.end
            quantity = _quantity(numbers)
        if quantity:
            found.append(quantity)
            at = floor = max(at, source.index(quantity.end))
    return found


def _quantity(numbers: Phrase) -> Quantity:
    figure = numbers.first.figure
    if figure and figure.value is None:
        return _endless(numbers, figure.digits)
    if numbers.link == COLON:
        return _colon(numbers)
    if numbers.link == SLASH:
        return _slash(numbers)
    if numbers.link == RANGE and _is_row(numbers):
        return _row(numbers)
    if numbers.ordinal:
        return counting.ordered(numbers)
    if suffix := _SUFFIX.match(numbers.source.text, numbers.end):
        _, rule = _RULES[suffix.lastgroup or ""]
        if quantity := rule(numbers, suffix):
            return quantity
    return counting.plain(numbers)


def _endless(numbers: Phrase, digits: str) -> Quantity:
    """A row of digits too long to be an amount."""
    row: frozenset[Value] = frozenset((("digits", digits),))
    quantity = numbers.quantity(lambda _: row, kind=Kind.DIGITS, certain=True)
    return replace(quantity, english=digits)


def _colon(numbers: Phrase) -> Quantity:
    """ "16:30", which may be a time, "3:2" and "9:30:15"."""
    written = _written(numbers)
    quantity = numbers.quantity(_itself, kind=Kind.RATIO)
    values: set[Value] = {("ratio", ":".join(written))}
    hour, minute = numbers.first.low, numbers.numerals[1].low
    if len(written) == 2 == len(written[1]) and hour in range(25) and minute in range(60):
        half = clock.half_of_day(numbers)
        timed = clock.times(hour, int(minute), half)
        values |= {value for value in timed if isinstance(value, tuple)}
        quantity = replace(quantity, kind=Kind.TIME)
    return replace(quantity, values=frozenset(values), english=":".join(written))


def _slash(numbers: Phrase) -> Quantity:
    """ "2/3", "3/15", "2024/3/15"."""
    quantity = numbers.quantity(_month_or_number)
    worths = numbers.worths
    if len(worths) != 2 or not worths[1]:
        return _iso(quantity, numbers)
    quotient = Fraction(worths[0]) / worths[1]
    return replace(
        quantity,
        kind=Kind.FRACTION,
        values=frozenset((quotient,)),
        english="/".join(_written(numbers)),
    )


def _is_row(numbers: Phrase) -> bool:
    """Whether hyphens part a row of digits, as in "138-1234-5678" and "2024-03-15"."""
    lengths = [
        len(found.figure.digits)
        for found in numbers.numerals
        if found.figure and found.bare and found.figure.whole
    ]
    long = len(lengths) > 2 or (sum(lengths) > _GROUPED_ROW and lengths != _YEARS)
    return len(lengths) == len(numbers.numerals) and long


def _row(numbers: Phrase) -> Quantity:
    digits = _written(numbers)
    quantity = numbers.quantity(_month_or_number, kind=Kind.DIGITS, certain=True)
    row: frozenset[Value] = frozenset((("digits", "".join(digits)),))
    return _iso(replace(quantity, values=row, english="-".join(digits)), numbers)


def _iso(quantity: Quantity, numbers: Phrase) -> Quantity:
    """The quantity as a date where it is a year, a month and a day."""
    worths = [found.low for found in numbers.numerals]
    if len(worths) != 3 or len(_written(numbers)[0]) != 4 or worths[1] not in range(1, 13):
        return quantity
    month: frozenset[Value] = frozenset((("calendar", worths[1]),))
    parts = (_itself(worths[0]), month, _itself(worths[2]))
    return replace(quantity, kind=Kind.DATE, parts=parts)


def _written(numbers: Phrase) -> list[str]:
    """The figures of the phrase."""
    return [found.figure.written if found.figure else "" for found in numbers.numerals]


def _itself(worth: Number) -> frozenset[Value]:
    return frozenset((worth,))


def _month_or_number(worth: Number) -> frozenset[Value]:
    return frozenset((worth, ("calendar", worth)))
