"""Times of day in Chinese text.

    time     = [half of the day] hour ("点" | "时" | ":") [minutes | "半" | "刻" | "整" | "钟"]

The hours of an unknown half of the day are both.
"""

from __future__ import annotations

import re

from pipeline.answer.numbers.chinese.counting import counted
from pipeline.answer.numbers.chinese.phrases import Phrase, Rule, as_written, end_of, following
from pipeline.answer.numbers.quantity import DAY, NOON, Kind, Number, Quantity, Value
from pipeline.answer.numbers.written import clock

_HALVES = re.compile(
    "(?:(?P<small>凌晨)|(?P<morning>上午|早上|清晨|早晨|[今明清]早|早)|(?P<noon>中午|正午)"
    "|(?P<afternoon>下午|午后|傍晚)|(?P<night>[今当昨明]晚|晚上?|夜里|[深半午]夜|夜间))"
    "[的约近]? ?$"
)
_HALF_BEFORE = 5  # characters
_QUARTERS = {"一": 15, "三": 45}
_HOURS, _MINUTES = range(25), range(60)
# Hours of the parts of the day to which twelve are added.
_LATER = {"noon": range(1, 10), "afternoon": range(1, 12), "night": range(5, 12)}


def _minutes_after(hour: Phrase, suffix: re.Match[str]) -> tuple[int, int] | None:
    """The minutes that follow an hour, and where they end; None where the hour is all."""
    end = suffix.end()
    if suffix["quarter"]:
        return _QUARTERS[suffix["quarter"]], end
    if suffix["exactly"]:
        return (30 if suffix["exactly"] == "半" else 0), end
    found = following(hour.source, end)
    if found is None or found.loose or len(found.numerals) > 1 or found.first.low not in _MINUTES:
        return None
    minute_end = end_of(hour.source, found.end, "分")
    two_digits = len(found.digits) == 2 or (not found.digits and found.first.low >= 10)
    return (int(found.first.low), minute_end or found.end) if minute_end or two_digits else None


def _time(hour: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """ "下午两点半", "3时20分", "8点"."""
    if hour.first.low not in _HOURS:
        return None
    minutes = _minutes_after(hour, suffix)
    half = half_of_day(hour)
    spelt_out = suffix["mark"].strip() == "时" and not hour.first.single
    if not (minutes or half or spelt_out):  # "三点建议"
        return hour.quantity(
            lambda worth: times(worth, 0, None), certain=counted(hour) or None, english=as_written
        )
    minute, end = minutes or (0, suffix.end())
    return hour.quantity(
        lambda worth: times(worth, minute, half),
        end,
        start=hour.start - len(half[0]) if half else None,
        kind=Kind.TIME,
        certain=not hour.loose,
        english=lambda _, worth: clock(_since_midnight(worth, minute, half), bool(half)),
    )


def half_of_day(hour: Phrase) -> re.Match[str] | None:
    """What stands before an hour and tells which half of the day it is in."""
    return _HALVES.search(hour.before(_HALF_BEFORE))


def times(hour: Number, minutes: int, half: re.Match[str] | None) -> frozenset[Value]:
    """The times that an hour and minutes may be, and the bare hour where it is full."""
    if hour not in _HOURS:
        return frozenset((hour,))
    known = _since_midnight(hour, minutes, half)
    found: set[Value] = {("clock", known % DAY)}
    if not half and hour <= 12:
        found.add(("clock", (known + NOON) % DAY))
    if not minutes:
        found |= {hour, (hour + 11) % 12 + 1, known // 60}
    return frozenset(found)


def _since_midnight(hour: Number, minutes: int, half: re.Match[str] | None) -> int:
    """Minutes since midnight."""
    worth = int(hour)
    part = half.lastgroup or "" if half else ""
    if worth in _LATER.get(part, ()):
        worth += 12
    elif worth == 12 and part in ("small", "night"):
        worth = 0
    return worth * 60 + minutes


RULES: dict[str, tuple[str, Rule]] = {
    "time": (
        "(?P<mark> ?点| ?时(?![间候期代刻常而光段长隔速]))"
        "(?:(?P<exactly>半|整|钟)|(?P<quarter>[一三])刻)?",
        _time,
    ),
}
