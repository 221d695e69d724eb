"""Whether a translation says the numbers of its source, and no others."""

from __future__ import annotations

import re
from bisect import bisect_left

from pipeline.answer.numbers.chinese import reader as chinese
from pipeline.answer.numbers.english import reader as english
from pipeline.answer.numbers.quantity import Number, Quantity, Value, bare, dimensions

# How English says a sign of the source beside a number.
_SIGNS = {
    sign: re.compile(words, re.IGNORECASE)
    for sign, words in {
        "±": r"±|\+/[-−]|plus[ -]?(?:or|/|and)[ -]?minus|give or take|either way",
        "≈": "≈|≅|~|about|approx|around|roughly|some|nearly|circa|close to|almost",
        "≠": "≠|!=|not equal|unequal|different|other than",
        "≤": "≤|⩽|<=|at most|up to|exceed|maximum|less than or|or (?:less|below)|within"
        "|(?:no|not) (?:more|greater|higher|larger|over)",
        "≥": "≥|⩾|>=|at least|minimum|(?:more|greater) than or|or (?:more|above)"
        "|(?:no|not) (?:less|fewer|lower|smaller|under)",
    }.items()
}


class _Saying:
    """What a translation says in numbers."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.values: set[Value] = set()
        self._measures: list[tuple[frozenset[str], set[Number]]] = []
        for number in english.quantities(target):
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
    asked = [quantity for quantity in chinese.quantities(source) if quantity.certain]
    if not asked:
        return []
    saying = _Saying(target)
    return [quantity for quantity in asked if not saying.says(quantity)]


def invented(source: str, target: str) -> list[str]:
    """The numbers of a translation that nothing in its Chinese source accounts for."""
    certain = [number for number in english.quantities(target) if number.certain]
    if not certain:
        return []
    found = chinese.quantities(source)
    allowed: set[Value] = set()
    for quantity in found:
        allowed.update(quantity.values, *quantity.parts)
    allowed |= {month for month in range(1, 13) if ("calendar", month) in allowed}
    bounds = [quantity.bounds for quantity in found if quantity.bounds]
    return [
        target[number.start : number.end]
        for number in certain
        if allowed.isdisjoint(number.values)
        and not any(low <= n < high for n in bare(number.values) for low, high in bounds)
    ]
