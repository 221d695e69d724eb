"""What a Chinese numeral is worth: the sum of its counts times their units.

万 and 亿 multiply what was read since the one before, which must be smaller than that one: "3万5万"
are two numbers. A last count is a tenth of the unit before it ("三百五", "3万2") unless 零 stands
between. A unit without a count ("百", "万") is loose, as are pairs ("七八"), "几十" and "数百".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipeline.answer.numbers.chinese.skeleton import DIGITS, LARGE, NOUGHTS, TENS, UNITS, Skeleton
from pipeline.answer.numbers.quantity import Number

MORE = "多余来几"
_SOME = "几数"
_FEWEST, _MOST = 2, 10  # of "几"
_OWN_UNIT = re.compile(r" ?(?:[年月日号天周]|小时|个[月小星])")


def last_place(worth: Number) -> int:
    """The worth of one in the last place that is no nought: 1,000 for 25,000."""
    place = 1
    while worth and worth % (place * 10) == 0:
        place *= 10
    return place


@dataclass(slots=True)
class _Term:
    low: Number
    high: Number
    unit: int = 1

    def widen(self) -> None:
        """Makes it so many and more."""
        self.high = self.low + last_place(self.low)


class Sum:
    """The numeral from `start` to `end`, or less where another number begins before `end`."""

    def __init__(self, source: Skeleton, start: int, end: int) -> None:
        self.end = start
        self.loose = self.more = False
        self._source = source
        self._terms: list[_Term] = []
        self._count: _Term | None = None  # whose unit has not come
        self._counted_at = start
        self._closed = self._closed_by_yi = 0  # terms up to the last 万 or 亿, up to the last 亿
        self._large = 1  # the 万 and 亿 that the last term has
        self._gap = False  # a 零 since the last unit
        for at in range(start, end):
            if not self._read(source.text[at], at):
                break
        else:
            self._finish(end)

    @property
    def low(self) -> Number:
        return sum((term.low * term.unit for term in self._terms), start=0)

    @property
    def high(self) -> Number:
        return sum((term.high * term.unit for term in self._terms), start=0)

    @property
    def units(self) -> tuple[int, ...]:
        """What the last count is multiplied by: its whole unit, and the 万 or 亿 of it."""
        unit = self._terms[-1].unit if self._terms else 1
        return tuple(worth for worth in (unit, self._large) if worth > 1)

    def _read(self, character: str, at: int) -> bool:
        """Whether the character belongs to the numeral."""
        if figure := self._source.figure(at):
            if figure.value is None:
                self._finish(at)
                return False
            self._counted(_Term(figure.value, figure.value), at)
        elif character in LARGE:
            return self._close(LARGE[character], at + 1)
        elif character in UNITS:
            self._unit(UNITS[character], character)
        elif character in TENS:
            self._terms.append(_Term(TENS[character], TENS[character]))
        elif character in NOUGHTS and (self._terms or self._count):
            self._gap = True
        elif character in DIGITS:
            self._digit(DIGITS[character], at)
        elif character in MORE + _SOME:
            self._some(character, at)
        return True

    def _counted(self, count: _Term, at: int) -> None:
        self._count, self._counted_at = count, at

    def _digit(self, worth: int, at: int) -> None:
        if self._count:  # a pair
            self.loose = True
            low, high = sorted((int(self._count.low), worth))
            self._count = _Term(low, high)
        else:
            self._counted(_Term(worth, worth), at)

    def _some(self, character: str, at: int) -> None:
        """ "几十", "十几", or more of what went before."""
        if not (self._count or self._terms):
            self.loose = True
            self._counted(_Term(_FEWEST, _MOST), at)
        elif character in _SOME and not self._count:
            self.more = True
            self._counted(_Term(0, _MOST), at)
        else:
            self.more = True
            (self._count or self._terms[-1]).widen()

    def _unit(self, unit: int, character: str) -> None:
        if not (self._count or self._terms or character in "十拾"):
            self.loose = True
        count = self._count or _Term(1, 1)
        self._terms.append(_Term(count.low, count.high, unit))
        self._count, self._gap, self._large = None, False, 1

    def _close(self, large: int, end: int) -> bool:
        """Multiplies what was read since the last 万 or 亿; False where that is not smaller."""
        if self._count:
            self._terms.append(self._count)
            self._count = None
        first = self._closed_by_yi if large == LARGE["亿"] else self._closed
        if len(self._terms) == first:
            self.loose = True
            self._terms.append(_Term(1, 1))
        if first and self._since(first) * large >= self._terms[first - 1].unit:
            del self._terms[self._closed :]
            return False
        for term in self._terms[first:]:
            term.unit *= large
        self._large = large * (self._large if self._closed == len(self._terms) else 1)
        self._closed = len(self._terms)
        if large == LARGE["亿"]:
            self._closed_by_yi = self._closed
        self._gap, self.end = False, end
        return True

    def _since(self, first: int) -> Number:
        return sum((term.high * term.unit for term in self._terms[first:]), start=0)

    def _finish(self, end: int) -> None:
        """The last count is ones, or a tenth of the unit before it, or no part of the numeral."""
        if self._count and self._terms and self._is_another():
            end = self._counted_at
        elif self._count:
            self._terms.append(replace(self._count, unit=self._last_unit()))
            self._large = 1
        if self._closed and self._since(self._closed) >= self._terms[self._closed - 1].unit:
            del self._terms[self._closed :]
        else:
            self.end = end

    def _last_unit(self) -> int:
        before = self._terms[-1].unit if self._terms else 1
        figure = self._source.figure(self._counted_at)
        long = figure is not None and len(figure.digits) > 1
        return 1 if self._gap or long or before < 100 else before // 10

    def _is_another(self) -> bool:
        """Whether the last count belongs to what follows ("10万2024年", "3万2个月", "二百两")."""
        text, at = self._source.text, self._counted_at
        figure = self._source.figure(at)
        if figure is None:
            return text[at] == "两"
        if not figure.whole or (text[at - 1] == " " and len(figure.digits) == 1):
            return True
        short_or_year = len(figure.digits) < 3 or figure.digits.startswith(("19", "20"))
        return bool(short_or_year and _OWN_UNIT.match(text, at + 1))
