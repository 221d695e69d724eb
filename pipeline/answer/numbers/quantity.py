"""What a number of a text is worth, in either language.

A `Value` is a bare number, or a pair of a dimension and a number, so that 90 minutes are an hour
and a half but "3 a.m." is not 15:00. Percentages are fractions (5% is 1/20, as is 0.05), except
those that are whole: 100% is ("%", 100), or every "one" would say it.

| dimension | number |
|---|---|
| "%" | percent |
| "s", "month" | durations, in seconds and in months |
| "m", "g" | lengths in metres, masses in grams |
| "clock" | minutes since midnight |
| "decade" | its first year |
| "calendar" | the month |
| "item" | the number of an entry of a list |
| "off" | what a discount takes off, as a fraction |
| "digits", "ratio" | the digits as they are written; two numbers around a colon |
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

Number = int | Fraction
Value = Number | tuple[str, Number | str]

MOST_DIGITS = 30  # of a number; what is longer is a row of digits
LONG_ROW = 4  # digits; longer rows are the same however they are grouped
NOON, DAY = 12 * 60, 24 * 60  # minutes since midnight
_HOUR = 3600
_DAY = 24 * _HOUR


class Kind(StrEnum):
    """What a number is for."""

    AMOUNT = "amount"
    APPROXIMATE = "approximate"
    PERCENT = "percent"
    FRACTION = "fraction"
    RATIO = "ratio"
    RANGE = "range"
    ORDINAL = "ordinal"
    DATE = "date"
    TIME = "time"
    SIZE = "size"
    DIGITS = "digits"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number from `start` to `end` of a text.

    Any of `values` says it, or one of each of `parts`, or any number in `bounds`.

    A translation must say what is `certain`, and `sign` with it. `english` stands for the whole
    span in an English text; where it is empty, the span cannot be masked.
    """

    start: int
    end: int
    kind: Kind
    values: frozenset[Value] = frozenset()
    parts: tuple[frozenset[Value], ...] = ()
    bounds: tuple[Number, Number] | None = None
    certain: bool = True
    english: str = ""
    sign: str = ""


def number(numerator: int, denominator: int = 1) -> Number:
    """The quotient, an int where it is whole."""
    worth = Fraction(numerator, denominator)
    return worth.numerator if worth.denominator == 1 else worth


def percent(amount: Number) -> Value:
    """So many hundredths."""
    worth = amount / Fraction(100)
    return ("%", amount) if worth.denominator == 1 else worth


@dataclass(frozen=True, slots=True)
class Unit:
    """What one of a unit is worth in its dimension; `name` is its English plural, or empty."""

    dimension: str
    worth: Number
    name: str = ""


UNITS = {
    **{"second": Unit("s", 1, "seconds"), "minute": Unit("s", 60, "minutes")},
    **{"quarter hour": Unit("s", 900), "hour": Unit("s", _HOUR, "hours")},
    **{"day": Unit("s", _DAY, "days"), "week": Unit("s", 7 * _DAY, "weeks")},
    **{"fortnight": Unit("s", 14 * _DAY), "month": Unit("month", 1, "months")},
    **{"season": Unit("month", 3), "year": Unit("month", 12, "years")},
    **{"decade": Unit("month", 120, "decades"), "century": Unit("month", 1200, "centuries")},
    **{
        "mm": Unit("m", number(1, 1000), "millimeters"),
        "cm": Unit("m", number(1, 100), "centimeters"),
    },
    **{"m": Unit("m", 1, "meters"), "li": Unit("m", 500), "km": Unit("m", 1000, "kilometers")},
    **{"mg": Unit("g", number(1, 1000), "milligrams"), "g": Unit("g", 1, "grams")},
    **{"liang": Unit("g", 50), "jin": Unit("g", 500)},
    **{"kg": Unit("g", 1000, "kilograms"), "tonne": Unit("g", 10**6, "tons")},
}
_DAYS_OF_A_MONTH = 30


def measured(amount: Number, unit: Unit) -> frozenset[Value]:
    """What so many of a unit are worth: the bare number, and the number in its dimension.

    Months are whole days as well, of which thirty are a month.
    """
    worth = amount * unit.worth
    values: set[Value] = {amount, (unit.dimension, worth)}
    if unit.dimension == "month":
        values.add(("s", worth * _DAYS_OF_A_MONTH * _DAY))
    return frozenset(values)


_MEASURES = frozenset(unit.dimension for unit in UNITS.values())


def dimensions(values: Set[Value]) -> frozenset[str]:
    """What the values are measures of; empty for bare numbers."""
    return _MEASURES.intersection(value[0] for value in values if isinstance(value, tuple))


def bare(values: Set[Value]) -> set[Number]:
    """The numbers among the values that have no dimension."""
    return {value for value in values if not isinstance(value, tuple)}
