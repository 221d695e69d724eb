"""Dates and times of day of a Chinese text.

    date     = year [month [day]] | month [day] | day
    year     = phrase "年"      of four digits, or of two, which may also be a number of years
    decade   = [phrase | "上" | "本"] "世纪" [phrase "年代"] | phrase "年代"
    time     = [half of the day] hour ("点" | "时" | ":") [minutes | "半" | "刻" | "整" | "钟"]
    others   = "85后", "十四五规划"

The hours of an unknown half of the day are both.
"""

from __future__ import annotations

import re

from pipeline.answer.numbers.numerals import Skeleton
from pipeline.answer.numbers.phrases import Phrase, Rule, after, following
from pipeline.answer.numbers.quantity import UNITS, Kind, Number, Quantity, Value, measured
from pipeline.answer.numbers.rules import counted
from pipeline.answer.numbers.written import MONTHS, clock, date, ordinal

_NOON, _DAY = 12 * 60, 24 * 60
_HALVES = re.compile(
    "(?:(?P<morning>上午|早上|清晨|凌晨|早晨|[今明清]早|早)|(?P<noon>中午|正午)"
    "|(?P<afternoon>下午|午后|傍晚)|(?P<night>[今当昨明]晚|晚上?|夜里|[深夜半午]夜|夜间))[的约近]? ?$"
)
_HALF_BEFORE = 5  # characters
_QUARTERS = {"一": 15, "三": 45}
_CENTURIES = (1800, 1900, 2000)
_THIS_CENTURY = 30  # last two digits of its years so far


def _decades(worth: Number) -> frozenset[Value]:
    if worth >= 100:
        return frozenset((("decade", worth),))
    return frozenset(("decade", first + worth) for first in (0, *_CENTURIES))


def _decade(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    single = len(phrase.numerals) == 1
    return phrase.quantity(
        _decades,
        suffix.end(),
        kind=Kind.DATE,
        english=(lambda _, worth: f"{worth}s") if single else None,
    )


def _century(number: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """ "20世纪", "20世纪80年代"."""
    source, first = number.source, int(number.first.low - 1) * 100
    decade = following(source, suffix.end())
    if decade and (end := after(source, decade.end, "年代")):
        year = first + int(decade.first.low)
        return Quantity(
            source.place(number.start),
            source.place(end),
            Kind.DATE,
            frozenset((("decade", year),)),
            (frozenset((number.first.low,)), _decades(decade.first.low)),
            certain=not decade.first.loose,
            english="" if decade.first.loose else f"{year}s",
        )
    return number.quantity(
        lambda worth: frozenset((worth, ("decade", (worth - 1) * 100))),
        suffix.end(),
        kind=Kind.DATE,
        english=lambda _, worth: f"{ordinal(int(worth))} century",
    )


def _year(year: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """ "2024年3月15日", and "20年", which may be a number of years."""
    first = year.first.low
    if len(year.numerals) > 1 and first >= 1000:  # 2008-09年
        century = int(first) // 100 * 100

        def years(worth: Number) -> frozenset[Value]:
            return frozenset((worth, worth + century) if worth < 100 else (worth,))

        return year.quantity(years, kind=Kind.RANGE, english=lambda written, _: written)
    short = len(year.digits) == 2
    alone = len(year.digits) == 4 or short
    if alone and (found := _month_and_day(year.source, suffix.end(), year)):
        return found
    if len(year.digits) == 4:
        return year.quantity(
            lambda worth: frozenset((worth,)),
            kind=Kind.DATE,
            english=lambda written, _: written,
        )
    return year.quantity(
        lambda worth: measured(worth, UNITS["year"]) | (_in_centuries(worth) if short else set()),
        certain=counted(year, "年") or None,
        english=lambda written, _: written,
    )


def _in_centuries(worth: Number) -> frozenset[Value]:
    return frozenset(first + worth for first in _CENTURIES)


def _month(month: Phrase, suffix: re.Match[str]) -> Quantity | None:
    if found := _month_and_day(month.source, month.first.start, None):
        return found
    if any(found.loose or not 1 <= found.low <= 12 for found in month.numerals):
        return None
    return month.quantity(
        lambda worth: frozenset((("calendar", worth),)),
        suffix.end(),
        kind=Kind.DATE,
        english=lambda _, worth: MONTHS[int(worth) - 1],
        certain=month.source.text[month.start] != "一",
    )


def _month_and_day(source: Skeleton, at: int, year: Phrase | None) -> Quantity | None:
    """A month, with a day where there is no year."""
    month = following(source, at)
    if (
        month is None
        or len(month.numerals) > 1
        or month.first.loose
        or month.first.low not in range(1, 13)
    ):
        return None
    end = after(source, month.end, "月")
    if not end:
        return None
    days = following(source, end)
    day_end = after(source, days.end, "日", "号") if days else 0
    if not (year or day_end):
        return None
    number = int(month.first.low)
    parts: list[frozenset[Value]] = [frozenset((("calendar", number),))]
    if year:
        worth = year.first.low
        parts.insert(0, frozenset((worth,)) | (_in_centuries(worth) if worth < 100 else set()))
    if days and day_end:
        parts += [frozenset((found.low,)) for found in days.numerals]
    day = int(days.first.low) if days and day_end and len(days.numerals) == 1 else None
    exact = (year is None or len(year.digits) == 4) and bool(day) == bool(day_end)
    return Quantity(
        source.place(year.start if year else month.start),
        source.place(day_end or end),
        Kind.DATE,
        parts=tuple(parts),
        english=date(int(year.first.low) if year else None, number, day) if exact else "",
    )


def _clock(hour: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """ "下午两点半", "3时20分", "8点"."""
    minutes, end = 0, suffix.end()
    hours = suffix["mark"].strip() in ("时", "時")
    marked = (hours and not hour.first.single) or bool(suffix["exactly"] or suffix["quarter"])
    if suffix["quarter"]:
        minutes = _QUARTERS[suffix["quarter"]]
    elif suffix["exactly"] == "半":
        minutes = 30
    elif not suffix["exactly"] and (found := following(hour.source, end)):
        minute_end = after(hour.source, found.end, "分")
        two_digits = len(found.digits) == 2 or (not found.digits and found.first.low >= 10)
        whole = not found.first.loose and len(found.numerals) == 1 and found.first.low in range(60)
        if whole and (minute_end or two_digits):
            minutes, end, marked = int(found.first.low), minute_end or found.end, True
    half = _HALVES.search(hour.before(_HALF_BEFORE))
    if hour.first.low not in range(25):
        return None
    if not (marked or half):
        return hour.quantity(
            lambda worth: _at(worth, 0, None),
            certain=counted(hour, "点") or None,
            english=lambda written, _: written,
        )
    timed = hour.quantity(
        lambda worth: _at(worth, minutes, half),
        end,
        start=hour.start - len(half[0]) if half else None,
        kind=Kind.TIME,
        certain=not hour.first.loose,
        english=lambda _, worth: clock(_minutes(worth, minutes, half), bool(half)),
    )
    return timed


def times(hour: Phrase, minutes: int) -> frozenset[Value]:
    """The times that "16:30" may be."""
    half = _HALVES.search(hour.before(_HALF_BEFORE))
    return frozenset(
        value for value in _at(hour.first.low, minutes, half) if isinstance(value, tuple)
    )


def _at(hour: Number, minutes: int, half: re.Match[str] | None) -> frozenset[Value]:
    """The times that an hour may be, and the bare hour where it is full."""
    if hour not in range(25):
        return frozenset((hour,))
    known = _minutes(hour, minutes, half)
    times: set[Value] = {("clock", known % _DAY)}
    if not half and hour <= 12:
        times.add(("clock", (known + _NOON) % _DAY))
    if not minutes:
        times |= {hour, (hour + 11) % 12 + 1, *((hour + 12,) if known >= _NOON > hour * 60 else ())}
    return frozenset(times)


def _minutes(hour: Number, minutes: int, half: re.Match[str] | None) -> int:
    """Minutes since midnight."""
    worth = int(hour)
    if half:
        if (
            half["afternoon"]
            and worth < 12
            or half["noon"]
            and worth < 10
            or half["night"]
            and 5 <= worth < 12
        ):
            worth += 12
        elif half["night"] and worth == 12 or half["morning"] and worth == 12 and "凌" in half[0]:
            worth = 0
    return worth * 60 + minutes


def _generation(phrase: Phrase, _: re.Match[str]) -> Quantity | None:
    """ "85后" are those born after 1985."""
    if len(phrase.digits) != 2 or phrase.digits[1] not in "05":
        return None
    born = int(phrase.digits) + (2000 if int(phrase.digits) < _THIS_CENTURY else 1900)
    return phrase.quantity(
        lambda worth: frozenset(
            (int(phrase.digits), born, ("decade", born), ("decade", born % 100))
        ),
        kind=Kind.DATE,
        certain=True,
    )


def _plan(phrase: Phrase, _: re.Match[str]) -> Quantity | None:
    """ "十四五规划" is the 14th Five-Year Plan, not one of 14 or 15."""
    text, first = phrase.source.text, phrase.first
    if not (first.loose and first.end - first.start == 3 and text[first.start] == "十"):
        return None
    number = first.low
    return phrase.quantity(lambda _: frozenset((number,)), kind=Kind.ORDINAL, certain=True)


RULES: dict[str, tuple[str, Rule]] = {
    "decade": (" ?年代", _decade),
    "century": (" ?世纪", _century),
    "year": (" ?年(?!半)", _year),
    "month": (" ?月(?!球|亮|饼)", _month),
    "clock": (
        "(?P<mark> ?[点點]| ?[时時](?![间候期代刻常而光段长隔速]))"
        "(?:(?P<exactly>半|整|钟)|(?P<quarter>[一三])刻)?",
        _clock,
    ),
    "generation": ("后(?![天日年月来])", _generation),
    "plan": ('(?=规划|计划|期间|时期|纲要|[”’」"])', _plan),
}
