"""What two English numbers mean together, by what stands between them.

| between | example | also means |
|---|---|---|
| nothing | nineteen eighty-four; 10 000; 1 1/2; one four one five | 1984; 10,000; 1.5; 1415 |
| hyphens, blanks | 138-1234-5678 | a row of digits |
| "to", "-", "and", "or", "," | 1.5 to 2 million; 3, 5 and 7 percent | each with scale and unit |
| "-" | 1939–45 | 1939 and 1945 |
| "past", "to" | half past two, ten to three | a time |
| "in", "out of" | one in three | a fraction |
| nothing, "and" | 2 hours and 30 minutes | the sum of a duration or a length |
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from pipeline.answer.numbers.english.reading import Reading, Said
from pipeline.answer.numbers.quantity import DAY, LONG_ROW, MOST_DIGITS, NOON, Number, Value

_ALTERNATIVES = frozenset(("-", "l", "&", "v", ",", ",&", ",v"))
_TOGETHER = frozenset(("", "&", ",", ",&"))
_PARTS_OF = frozenset(("j", "jf", "jw", "jfw", "fw", "-j-", "-jf-"))
_FARTHEST = 5  # tokens; more than any of these
_PARTS_OF_AN_HOUR = {Fraction(1, 2): 30, Fraction(1, 4): 15}
_MEASURES = ("s", "month", "m", "g")


def relate(reading: Reading) -> None:
    """Adds to the values of each number what it means with its neighbours."""
    pairs = [
        (left, reading.kinds[left.end : min(right.start, left.end + _FARTHEST)], right)
        for left, right in pairwise(reading.numbers)
    ]
    for left, between, right in reversed(pairs):
        if between in _ALTERNATIVES and right.shared and not left.shared and left.worth is not None:
            left.shared = right.shared
            left.values |= right.shared(left.worth)
    for left, between, right in pairs:
        both = set(_together(reading, left, between, right))
        left.values |= both
        right.values |= both
    for row in _rows(reading, [between for _, between, _ in pairs]):
        digits = "".join(_digits(reading, said) for said in row)
        together: set[Value] = {("digits", digits)} if len(digits) > LONG_ROW else set()
        if len(digits) <= MOST_DIGITS:
            together.add(int(digits))
        for said in row:
            said.values |= together


def _together(reading: Reading, left: Said, between: str, right: Said) -> Iterator[Value]:
    first, second = left.amount, right.amount
    if between in _TOGETHER:
        yield from _sums(left, right)
    if first is None:
        return
    if between in ("p", "l"):
        yield from _times(first, right, before=between == "l")
    if second is None:
        if between == "":  # 1 1/2
            yield from (first + part for part in right.values if isinstance(part, Fraction))
        return
    words = "F" not in (reading.kinds[left.start], reading.kinds[right.start])
    if between in ("", "-") and words and 10 <= first < 100 and 0 <= second < 100:
        yield from (first * 100 + second, ("decade", first * 100 + second))
    if between == "-" and first in range(1000, 3000) and second in range(100):
        yield int(first) // 100 * 100 + second
    thousands = first in range(1, 1000) and second % 1000 == 0 and first * 1000 < second
    if between in ("-", "l") and thousands:  # 30-50,000
        left.values.add(first * 1000)
    if between in _PARTS_OF and second:
        yield Fraction(first) / second


def _sums(left: Said, right: Said) -> Iterator[Value]:
    """ "2 hours and 30 minutes"."""
    for dimension in _MEASURES:
        for first in _of(left, dimension):
            yield from (
                (dimension, first + second) for second in _of(right, dimension) if first > second
            )


def _times(part: Number, hour: Said, before: bool) -> Iterator[Value]:
    """ "half past two" and "ten to three p.m."."""
    minutes = _PARTS_OF_AN_HOUR.get(Fraction(part), part)
    if minutes not in range(60):
        return
    known = _of(hour, "clock")
    if not known and hour.amount in range(1, 13):
        full = int(hour.amount or 0) * 60 % NOON
        known = [full, full + NOON]
    for time in known:
        yield ("clock", (time + (-minutes if before else minutes)) % DAY)


def _of(said: Said, dimension: str) -> list[Number]:
    """The numbers of the values in a dimension."""
    found = [
        value[1] for value in said.values if isinstance(value, tuple) and value[0] == dimension
    ]
    return [worth for worth in found if not isinstance(worth, str)]


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
    if said.end - said.start != 1:
        return ""
    token = reading.tokens[said.start]
    if token.kind == "F":
        return token.text if token.text.isdecimal() else ""
    return str(token.worth) if token.kind in "0u1" else ""
