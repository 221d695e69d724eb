"""Numbers of simplified Chinese text: where they stand, what they are worth, how English writes them.

    quantity = phrase [suffix] | word
    suffix   = what rules.py and dates.py read after a phrase: "%", 分之, 成, 折, 倍, 点半, 年, 个半 …
    word     = "翻番" | "半" unit | "上世纪" ["80年代"] | "①" …

A translation must say what is certain. One character is part of too many words ("三心二意", "一起") to
be a number unless something that is counted follows; 0 and 1 are said in too many ways; "几十",
"七八个" and "成千上万" are vague, and idioms are no numbers at all. What is not certain may still be
said.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from pipeline.answer.numbers import dates, rules
from pipeline.answer.numbers.numerals import HEAD, skeleton
from pipeline.answer.numbers.phrases import COLON, RANGE, SLASH, Phrase, phrase
from pipeline.answer.numbers.quantity import Kind, Number, Quantity, Value
from pipeline.answer.numbers.words import WORDS, word

_ASCII = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), 0xFF05, 0xFF0F)} | {
    ord("．"): ".",
    ord("\u3000"): " ",
}
_RULES = {**dates.RULES, **rules.RULES}
_SUFFIX = re.compile("|".join(f"(?P<{name}>{pattern})" for name, (pattern, _) in _RULES.items()))
_START = re.compile(f"(?P<word>{WORDS})|{HEAD.pattern}")
_IDIOM = re.compile(
    "十分(?!之|钟)|十[足二]分|十一(?=黄金周|长假|国庆|假期|期间)|(?<=双)十[一二]|十二指肠|[一二三四五六七八九十]{1,3}进制"
    "|一五一十|十万火急|十万八千里|五十步笑百步|十有八九|八九不离十|百分百|半斤八两|两点一线|五五开|三七二十一|[一二三四五六七八九十]{1,2}·[一二三四五六七八九十]{1,2}"
)
_GROUPED_ROW = 6  # digits that may be parted in groups, as those of telephones


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text, in order, none overlapping."""
    source = skeleton(text.translate(_ASCII))
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
    if numbers.first.figure and numbers.first.figure.value is None:
        return _too_long(numbers)
    if numbers.link == COLON:
        return _colon(numbers)
    if numbers.link == SLASH:
        return _slash(numbers)
    if numbers.link == RANGE and _is_row(numbers):
        return _row(numbers)
    if numbers.ordinal:
        return rules.ordered(numbers)
    suffix = _SUFFIX.match(numbers.source.text, numbers.end)
    if suffix:
        _, rule = _RULES[suffix.lastgroup or ""]
        if quantity := rule(numbers, suffix):
            return quantity
    return rules.plain(numbers)


def _too_long(numbers: Phrase) -> Quantity:
    """A row of digits that is no amount."""
    figure = numbers.first.figure
    digits = figure.digits if figure else ""
    row: frozenset[Value] = frozenset((("digits", digits),))
    return replace(numbers.quantity(lambda _: row, kind=Kind.DIGITS, certain=True), english=digits)


def _colon(numbers: Phrase) -> Quantity:
    """ "16:30", which may be a time, "3:2" and "9:30:15"."""
    source = numbers.source
    written = [found.figure.digits if found.figure else "" for found in numbers.numerals]
    quantity = numbers.quantity(_itself, kind=Kind.RATIO)
    text = "".join(written)
    end = source.place(numbers.end)
    values: set[Value] = {("ratio", ":".join(written))}
    minutes = numbers.numerals[1].low
    if (
        len(written) == 2
        and len(written[1]) == 2
        and numbers.first.low in range(25)
        and minutes in range(60)
    ):
        values |= dates.times(numbers, int(minutes))
        quantity = replace(quantity, kind=Kind.TIME)
    return replace(
        quantity,
        end=end,
        values=frozenset(values),
        english=":".join(written) if text.isdecimal() else "",
    )


def _slash(numbers: Phrase) -> Quantity:
    """ "2/3", "3/15", "2024/3/15"."""
    worths = numbers.worths
    quantity = numbers.quantity(_month_or_number)
    if len(worths) != 2 or not worths[1]:
        return quantity
    return replace(
        quantity,
        kind=Kind.FRACTION,
        values=frozenset((Fraction(worths[0]) / worths[1],)),
        english="/".join(
            found.figure.written if found.figure else "" for found in numbers.numerals
        ),
    )


def _is_row(numbers: Phrase) -> bool:
    """Whether hyphens part a row of digits, as in "138-1234-5678" and "2024-03-15"."""
    figures = [
        found.figure
        for found in numbers.numerals
        if found.figure and found.bare and found.figure.whole
    ]
    lengths = [len(figure.digits) for figure in figures]
    telephone = sum(lengths) > _GROUPED_ROW and lengths != [4, 4]
    return len(figures) == len(numbers.numerals) and (len(figures) > 2 or telephone)


def _row(numbers: Phrase) -> Quantity:
    digits = [found.figure.digits for found in numbers.numerals if found.figure]
    quantity = numbers.quantity(_month_or_number, kind=Kind.DIGITS, certain=True)
    return replace(
        quantity, values=frozenset((("digits", "".join(digits)),)), english="-".join(digits)
    )


def _itself(worth: Number) -> frozenset[Value]:
    return frozenset((worth,))


def _month_or_number(worth: Number) -> frozenset[Value]:
    return frozenset((worth, ("calendar", worth)))
