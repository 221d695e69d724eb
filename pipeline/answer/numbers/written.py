"""How English writes a number."""

from __future__ import annotations

from fractions import Fraction

from pipeline.answer.numbers.quantity import Number

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_SCALES = (
    ("trillion", 10**12),
    ("billion", 10**9),
    ("million", 10**6),
)
_MOST_PLACES = 12


def in_english(worth: Number) -> str:
    """As in "350 million", "32,000" and "0.5"; a fraction without an end as in "2/3"."""
    size = abs(Fraction(worth))
    for name, scale in _SCALES:
        if size >= scale and (worth * 100) % scale == 0:
            return f"{decimal(Fraction(worth) / scale)} {name}"
    return decimal(worth)


def decimal(worth: Number) -> str:
    """The digits of a number, grouped by threes."""
    whole, rest = divmod(abs(Fraction(worth)), 1)
    sign = "-" if worth < 0 else ""
    places = 0
    while (rest * 10**places).denominator > 1:
        places += 1
        if places > _MOST_PLACES:
            return f"{worth.numerator}/{worth.denominator}"
    fraction = f".{int(rest * 10**places):0{places}d}" if places else ""
    return f"{sign}{int(whole):,}{fraction}"


def ordinal(place: int) -> str:
    """As in "25th"."""
    ending = (
        "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    )
    return f"{place:,}{ending}"


def date(year: int | None, month: int, day: int | None) -> str:
    """As in "March 15, 2024"."""
    words = MONTHS[month - 1] + (f" {day}" if day else "")
    return words if year is None else f"{words}, {year}" if day else f"{words} {year}"


def clock(minutes: int, half_known: bool) -> str:
    """As in "2:30 p.m.", or "2:30" where it is not known in which half of the day."""
    hour, minute = divmod(minutes, 60)
    if not half_known:
        return f"{hour}:{minute:02}"
    return f"{(hour + 11) % 12 + 1}:{minute:02} {'a.m.' if hour % 24 < 12 else 'p.m.'}"
