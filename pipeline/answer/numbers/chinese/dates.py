"""Dates in Chinese text.

date     = year [month [day]] | month [day]
year     = phrase "年"      of four digits, or of two, which may also be a number of years
decade   = [phrase | "上" | "本"] "世纪" [phrase "年代"] | phrase "年代"
others   = "85后" | "十四五规划"
"""

from __future__ import annotations

import re

from pipeline.answer.numbers.chinese.counting import counted
from pipeline.answer.numbers.chinese.phrases import Phrase, Rule, as_written, end_of, following
from pipeline.answer.numbers.chinese.skeleton import Skeleton
from pipeline.answer.numbers.quantity import UNITS, Kind, Number, Quantity, Value, measured
from pipeline.answer.numbers.written import MONTHS, date, ordinal

_CENTURIES = (1800, 1900, 2000)
_THIS_CENTURY = 30  # last two digits of its years so far
_MONTHS = range(1, 13)


def decades(worth: Number) -> frozenset[Value]:
    """The 1980s of 1980, and the 1980s and others of 80."""
    firsts = (0,) if worth >= 100 else (0, *_CENTURIES)
    return frozenset(("decade", first + worth) for first in firsts)


def _itself(worth: Number) -> frozenset[Value]:
    return frozenset((worth,))


def _in_centuries(worth: Number) -> frozenset[Value]:
    return frozenset(first + worth for first in (0, *_CENTURIES))


def _calendar(worth: Number) -> frozenset[Value]:
    return frozenset((("calendar", worth),))


def _decade(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    alone = len(phrase.numerals) == 1
    return phrase.quantity(
        decades,
        suffix.end(),
        kind=Kind.DATE,
        english=(lambda _, worth: f"{worth}s") if alone else None,
    )


def _century(number: Phrase, suffix: re.Match[str]) -> Quantity:
    """ "20世纪", "20世纪80年代"."""
    source, first = number.source, int(number.first.low - 1) * 100
    decade = following(source, suffix.end())
    if decade and (end := end_of(source, decade.end, "年代")):
        year = first + int(decade.first.low)
        return Quantity(
            source.place(number.start),
            source.place(end),
            Kind.DATE,
            frozenset((("decade", year),)),
            (frozenset((number.first.low,)), decades(decade.first.low)),
            certain=not decade.loose,
            english="" if decade.loose else f"{year}s",
        )
    return number.quantity(
        lambda worth: frozenset((worth, ("decade", (worth - 1) * 100))),
        suffix.end(),
        kind=Kind.DATE,
        english=lambda _, worth: f"{ordinal(int(worth))} century",
    )


def _year(year: Phrase, suffix: re.Match[str]) -> Quantity:
    """ "2024年3月15日", "2008-09年" and "20年", which may be a number of years."""
    first, digits = year.first.low, len(year.digits)
    if digits in (2, 4) and (found := _with_month(year, suffix.end())):
        return found
    if digits == 4:
        return year.quantity(_itself, kind=Kind.DATE, english=as_written)
    if len(year.numerals) > 1 and first >= 1000:
        century = int(first) // 100 * 100
        return year.quantity(
            lambda worth: frozenset((worth, worth + century) if worth < 100 else (worth,)),
            kind=Kind.RANGE,
            english=as_written,
        )
    return year.quantity(
        lambda worth: (
            measured(worth, UNITS["year"]) | (_in_centuries(worth) if digits == 2 else frozenset())
        ),
        certain=counted(year) or None,
        english=as_written,
    )


def _month(month: Phrase, suffix: re.Match[str]) -> Quantity | None:
    if any(found.loose or found.low not in _MONTHS for found in month.numerals):
        return None
    days = following(month.source, suffix.end())
    end = end_of(month.source, days.end, "日", "号") if days else 0
    if days and end and len(month.numerals) == 1:
        return _date(None, month, days, end)
    return month.quantity(
        _calendar,
        suffix.end(),
        kind=Kind.DATE,
        english=lambda _, worth: MONTHS[int(worth) - 1],
        certain=month.source.text[month.start] != "一",
    )


def _with_month(year: Phrase, at: int) -> Quantity | None:
    source: Skeleton = year.source
    month = following(source, at)
    end = end_of(source, month.end, "月") if month else 0
    if not month or not end or len(month.numerals) > 1 or month.first.low not in _MONTHS:
        return None
    days = following(source, end)
    day_end = end_of(source, days.end, "日", "号") if days else 0
    return _date(year, month, days if day_end else None, day_end or end)


def _date(year: Phrase | None, month: Phrase, days: Phrase | None, end: int) -> Quantity:
    """A date of which everything must be said."""
    number = int(month.first.low)
    parts = [_calendar(number)]
    if year:
        worth = year.first.low
        parts.append(_in_centuries(worth) if worth < 100 else _itself(worth))
    if days:
        parts += [_itself(found.low) for found in days.numerals]
    known = year is None or len(year.digits) == 4
    day = int(days.first.low) if days else None
    written = date(int(year.first.low) if year else None, number, day)
    source = month.source
    return Quantity(
        source.place(year.start if year else month.start),
        source.place(end),
        Kind.DATE,
        parts=tuple(parts),
        english=written if known and (days is None or len(days.numerals) == 1) else "",
    )


def _generation(phrase: Phrase, _: re.Match[str]) -> Quantity | None:
    """ "85后" are those born after 1985."""
    if len(phrase.digits) != 2 or phrase.digits[1] not in "05":
        return None
    short = int(phrase.digits)
    born = short + (2000 if short < _THIS_CENTURY else 1900)
    values: set[Value] = {short, born, ("decade", born), ("decade", short)}
    return phrase.quantity(lambda _: frozenset(values), kind=Kind.DATE, certain=True)


def _plan(phrase: Phrase, _: re.Match[str]) -> Quantity | None:
    """ "十四五规划" is the 14th Five-Year Plan, not one of 14 or 15."""
    text, first = phrase.source.text, phrase.first
    if not (first.loose and first.end - first.start == 3 and text[first.start] == "十"):
        return None
    return Quantity(
        phrase.source.place(phrase.start),
        phrase.source.place(phrase.end),
        Kind.ORDINAL,
        _itself(first.low),
        english=ordinal(int(first.low)),
    )


RULES: dict[str, tuple[str, Rule]] = {
    "decade": (" ?年代", _decade),
    "century": (" ?世纪", _century),
    "year": (" ?年(?!半)", _year),
    "month": (" ?月(?!球|亮|饼)", _month),
    "generation": ("后(?![天日年月来])", _generation),
    "plan": ('(?=规划|计划|期间|时期|纲要|[”’」"])', _plan),
}
