"""What two English numbers mean together, by what stands between them.

| between | example | also means |
|---|---|---|
| nothing | nineteen eighty-four; 10 000; 1 1/2; one four one five | 1984; 10,000; 1.5; 1415 |
| hyphens, blanks | 138-1234-5678 | a row of digits |
| "to", "-", "and", "or", "," | 1.5 to 2 million; 3, 5 and 7 percent | each with the scale and the unit |
| "-" | 1939–45 | 1939 and 1945 |
| "past", "to" | half past two, ten to three | a time |
| "in", "out of" | one in three | a fraction |
| nothing, "and" | 2 hours and 30 minutes | the sum of a duration or a length |
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from pipeline.answer.numbers.english import Reading, Said
from pipeline.answer.numbers.quantity import LONG_ROW, MOST_DIGITS, Number, Value

_ALTERNATIVES = frozenset(("-", "l", "&", "v", ",", ",&", ",v"))
_TOGETHER = frozenset(("", "&", ",", ",&"))
_PARTS_OF = frozenset(("j", "jf", "jw", "jfw", "fw", "-j-", "-jf-"))
_HALF_DAY = 12 * 60


def relate(reading: Reading) -> None:
    """Adds to the values of each number what it means with its neighbours."""
    pairs = [
        (left, reading.kinds[left.end : min(right.start, left.end + 4)], right)
        for left, right in pairwise(reading.numbers)
    ]
    for left, between, right in reversed(pairs):
        _share(left, between, right)
    for left, between, right in pairs:
        both = set(_together(left, between, right))
        left.values |= both
        right.values |= both
    for row in _rows(reading, [between for _, between, _ in pairs]):
        digits = "".join(_digits(reading, said) for said in row)
        together: set[Value] = {("digits", digits)} if len(digits) > LONG_ROW else set()
        if len(digits) <= MOST_DIGITS:
            together.add(int(digits))
        for said in row:
            said.values |= together


def _share(left: Said, between: str, right: Said) -> None:
    if between in _ALTERNATIVES and right.shared and left.shared is None and left.worth is not None:
        left.shared = right.shared
        left.values |= right.shared(left.worth)


def _together(left: Said, between: str, right: Said) -> Iterator[Value]:
    first, second = left.amount, right.amount
    if between in _TOGETHER:
        yield from _sums(left, right)
    if first is None:
        return
    if between in ("p", "l"):
        yield from _times(first, right, before=between == "l")
    if second is None:
        if between == "" and left.figure and right.figure:  # 1 1/2
            yield from (
                first + part for part in right.values if isinstance(part, Fraction) and 0 < part < 1
            )
        return
    if (
        between in ("", "-")
        and 10 <= first < 100
        and 0 <= second < 100
        and not (left.figure or right.figure)
    ):
        yield from (first * 100 + second, ("decade", first * 100 + second))
    if between == "-" and first in range(1000, 3000) and second in range(100):
        right.values.add(int(first) // 100 * 100 + second)
    if (
        between in ("-", "l")
        and second % 1000 == 0
        and first in range(1, 1000)
        and first * 1000 < second
    ):
        left.values.add(first * 1000)  # 30-50,000
    if between in _PARTS_OF and second:
        yield Fraction(first) / second


def _sums(left: Said, right: Said) -> Iterator[Value]:
    """ "2 hours and 30 minutes"."""
    for dimension in ("s", "month", "m", "g"):
        addends = [
            [
                value[1]
                for value in said.values
                if isinstance(value, tuple) and value[0] == dimension
            ]
            for said in (left, right)
        ]
        for first in addends[0]:
            for second in addends[1]:
                if not isinstance(first, str) and not isinstance(second, str) and first > second:
                    yield (dimension, first + second)


def _times(part: Number, hour: Said, before: bool) -> Iterator[Value]:
    """ "half past two" and "ten to three p.m."."""
    minutes = {Fraction(1, 2): 30, Fraction(1, 4): 15}.get(Fraction(part), part)
    if minutes not in range(60):
        return
    minutes = int(-minutes if before else minutes)
    known = [value[1] for value in hour.values if isinstance(value, tuple) and value[0] == "clock"]
    if not known and hour.amount in range(1, 13):
        known = [
            int(hour.amount or 0) * 60 % _HALF_DAY,
            int(hour.amount or 0) * 60 % _HALF_DAY + _HALF_DAY,
        ]
    for time in known:
        if not isinstance(time, str):
            yield ("clock", (time + minutes) % (2 * _HALF_DAY))


def _rows(reading: Reading, between: list[str]) -> Iterator[list[Said]]:
    """Figures in groups, and digits said one by one."""
    row: list[Said] = []
    for said, following in zip(reading.numbers, [*between, "?"], strict=False):
        if not _digits(reading, said):
            row = []
            continue
        row.append(said)
        if following not in ("", "-"):
            if len(row) > 1:
                yield row
            row = []


def _digits(reading: Reading, said: Said) -> str:
    """The digits of a number that may be part of a row; "" for others."""
    if said.end - said.start != 1 or said.amount is None:
        return ""
    token = reading.tokens[said.start]
    if token.kind == "F":
        return token.text if token.text.isdecimal() else ""
    return str(token.worth) if token.kind in "0u1" else ""
