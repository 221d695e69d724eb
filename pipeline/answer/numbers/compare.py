"""Whether a translation says the numbers of its source, and no others."""

from __future__ import annotations

import re
from bisect import bisect_left

from pipeline.answer.numbers.chinese import quantities
from pipeline.answer.numbers.english import Reading, Said
from pipeline.answer.numbers.quantity import Number, Quantity, Value, bare, dimensions
from pipeline.answer.numbers.relations import relate

_SIGNS = {
    "±": re.compile(
        r"±|\+/[-−]|plus[ -]?(?:or|/|and)[ -]?minus|give or take|either way", re.IGNORECASE
    ),
    "≈": re.compile(
        r"≈|≅|~|about|approx|around|roughly|some|nearly|circa|close to|almost", re.IGNORECASE
    ),
    "≠": re.compile(r"≠|!=|not equal|unequal|different|other than", re.IGNORECASE),
    "≤": re.compile(
        r"≤|⩽|<=|at most|up to|(?:no|not) more|exceed|maximum|less than or|or less|or below|within|(?:no|not) (?:greater|higher|larger|over)",
        re.IGNORECASE,
    ),
    "≥": re.compile(
        r"≥|⩾|>=|at least|(?:no|not) (?:less|fewer|lower|smaller|under)|minimum|(?:more|greater) than or|or (?:more|above)",
        re.IGNORECASE,
    ),
}
_PART_OF_A_NAME = re.compile(r"[A-Za-z0-9.:]$|[A-Za-z]-$")  # "COVID-19", "A320"
_SURE_WORD = 13


class _Saying:
    """What a translation says in numbers."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.values: set[Value] = set()
        self._measures: list[tuple[frozenset[str], set[Number]]] = []
        for number in _read(target).numbers:
            measures = dimensions(number.values)
            plain = bare(number.values)
            self.values |= number.values - plain if measures else number.values
            if measures:
                self._measures.append((measures, plain))
        if not any(isinstance(value, tuple) and value[0] == "calendar" for value in self.values):
            self.values |= {("calendar", n) for n in range(1, 13) if n in self.values}  # 3/15/2024
        amounts = bare(self.values).union(*(plain for _, plain in self._measures))
        self._amounts = sorted(amounts)

    def says(self, quantity: Quantity) -> bool:
        """Whether it says any of the values, or all parts, or a number within the bounds."""
        if quantity.sign and not _SIGNS[quantity.sign].search(self.target):
            return False
        if self._holds(quantity.values):
            return True
        if quantity.parts and all(map(self._holds, quantity.parts)):
            return True
        if quantity.bounds is None:
            return False
        low, high = quantity.bounds
        at = bisect_left(self._amounts, low)
        return at < len(self._amounts) and self._amounts[at] < high

    def _holds(self, values: frozenset[Value]) -> bool:
        """Whether any value is said, and not of another unit: 500 g are not 500 kilograms."""
        if not self.values.isdisjoint(values):
            return True
        if not self._measures:
            return False
        measures = dimensions(values)
        return any(
            measures.isdisjoint(others) and not plain.isdisjoint(values)
            for others, plain in self._measures
        )


def missing(source: str, target: str) -> list[Quantity]:
    """The numbers of a Chinese source that its translation does not say."""
    asked = [quantity for quantity in quantities(source) if quantity.certain]
    if not asked:
        return []
    saying = _Saying(target)
    return [quantity for quantity in asked if not saying.says(quantity)]


def invented(source: str, target: str) -> list[str]:
    """The numbers of a translation that nothing in its Chinese source accounts for."""
    reading = _read(target)
    sure = [number for number in reading.numbers if _is_sure(reading, number)]
    if not sure:
        return []
    found = quantities(source)
    allowed: set[Value] = set()
    for quantity in found:
        allowed.update(quantity.values, *quantity.parts)
    allowed |= {month for month in range(1, 13) if ("calendar", month) in allowed}
    bounds = [quantity.bounds for quantity in found if quantity.bounds]
    return [
        target[slice(*reading.places(number))]
        for number in sure
        if allowed.isdisjoint(number.values)
        and not any(_within(value, bounds) for value in number.values)
    ]


def _read(target: str) -> Reading:
    reading = Reading(target)
    relate(reading)
    return reading


def _within(value: Value, bounds: list[tuple[Number, Number]]) -> bool:
    return not isinstance(value, tuple) and any(low <= value < high for low, high in bounds)


def _is_sure(reading: Reading, number: Said) -> bool:
    """Whether it is an amount, not part of a name or a small number that may be an idiom."""
    if number.amount is None and not number.clock:
        return False
    start, end = reading.places(number)
    if _PART_OF_A_NAME.search(reading.text[max(start - 2, 0) : start]):
        return False
    if not number.figure:
        kinds = reading.kinds[number.start : number.end]
        return number.amount is not None and number.amount >= _SURE_WORD and kinds[0] not in "hkd"
    return end - start > 1
