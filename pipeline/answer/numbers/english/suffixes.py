"""What may follow an English amount and changes what it means.

suffix   = ["a"] "%" ["off"] | "percentage points" | "points" | "‰" | "per million" | "basis points"
         | unit ["and a half"] | "a.m." | "o'clock" | "s" | "fold" | "times" | "th"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from pipeline.answer.numbers.english.lexicon import UNIT_WORDS, UNITS_ALONE
from pipeline.answer.numbers.english.tokens import Token
from pipeline.answer.numbers.quantity import (
    DAY,
    NOON,
    UNITS,
    Kind,
    Number,
    Value,
    measured,
    percent,
)

Convert = Callable[[Number], set[Value]]

SUFFIX = re.compile(
    "(?P<percent>(?:fa|a)?-?(?:%|rc)(?:-?(?P<off>O))?)|(?P<points>(?:fa?|a)?-?g-?[s.]|-?s)"
    "|(?P<permille>‰|ri)|w?r(?P<parts>k)|(?P<basis>b[s.])|-?(?P<clock>[mC])|(?P<decade>'?S)"
    "|-?(?P<fold>x)|(?P<nth>n)|(?:f?a?|-)(?P<unit>[ULoD])(?:-?&-?a-?(?P<unit_part>[/q]))?"
)
KINDS = {
    **dict.fromkeys(("percent", "points", "permille", "parts", "basis"), Kind.PERCENT),
    **{"clock": Kind.TIME, "decade": Kind.DATE, "nth": Kind.ORDINAL},
}
_HOURS, _MINUTES = range(25), range(60)


def itself(worth: Number) -> set[Value]:
    """The number alone."""
    return {worth}


_CONVERTERS: dict[str, Convert] = {
    "percent": lambda worth: {percent(worth)},
    "points": lambda worth: {percent(worth), worth},
    "permille": lambda worth: {Fraction(worth) / 1000},
    "basis": lambda worth: {worth, Fraction(worth) / 10000},
    "decade": lambda worth: {("decade", worth), worth, worth % 100},
    "fold": lambda worth: {worth, percent(worth * 100), percent((worth - 1) * 100)},
    "nth": itself,
}


def converter(
    suffix: re.Match[str], amount: Sequence[Token], tokens: Sequence[Token]
) -> Convert | None:
    """What the suffix of an amount makes of a number; None where it belongs to what follows."""
    if suffix["unit"]:
        return _measure(suffix, tokens)
    if suffix["clock"]:
        return _clock(amount[0], tokens[suffix.start("clock")].text)
    if suffix["parts"]:  # per million
        whole = tokens[suffix.start("parts")].worth
        return lambda worth: {Fraction(worth) / whole}
    if suffix["off"]:  # "20% off" is not 20 percent of anything
        return lambda worth: {("off", Fraction(worth) / 100)}
    if suffix["decade"] and amount[-1].figure is None:
        return None
    return _CONVERTERS[suffix.lastgroup or ""]


def times(hour: int, minutes: int, meridiem: str) -> set[Value]:
    """The times that an hour and minutes may be, of both halves of the day if it is not said."""
    known = (hour * 60 + minutes) % DAY
    half = meridiem[:1].lower()
    if half in ("a", "p"):
        return {("clock", known % NOON + (NOON if half == "p" else 0))}
    return {("clock", known), *([("clock", (known + NOON) % DAY)] if hour <= 12 else [])}


def _clock(amount: Token, meridiem: str) -> Convert:
    """The times of "3 p.m.", "5.30pm" and "three o'clock"."""
    _, _, minutes = amount.text.partition(".") if amount.figure else ("", "", "")
    late = int(minutes) if len(minutes) == 2 and minutes.isdecimal() else 0
    half_known = meridiem[:1].lower() in ("a", "p")

    def convert(worth: Number) -> set[Value]:
        if worth // 1 not in _HOURS or late not in _MINUTES:
            return {worth}
        return times(int(worth), late, meridiem) | (set() if half_known else {worth})

    return convert


def _measure(suffix: re.Match[str], tokens: Sequence[Token]) -> Convert | None:
    word = tokens[suffix.start("unit")].text
    if word not in UNIT_WORDS:
        return None
    unit, alone = UNITS[UNIT_WORDS[word]], UNITS_ALONE.get(word, 0)
    part = tokens[suffix.start("unit_part")].worth if suffix["unit_part"] else 0
    added = Fraction(1) / part if part else 0  # an hour and a half

    def convert(worth: Number) -> set[Value]:
        worth += added
        return {*measured(worth, unit), *([worth * alone] if alone else [])}

    return convert
