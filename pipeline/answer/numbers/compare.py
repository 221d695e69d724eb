"""Whether a translation says the numbers of its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from pipeline.answer.numbers.chinese import Number, numbers, readings
from pipeline.answer.numbers.english import LARGE, SUFFIXES, values

_FIGURES = re.compile(  # not those of names ("COVID-19", "A320", "11:00")
    r"(?<![A-Za-z\d.:])(?<![A-Za-z]-)(?P<figure>\d+(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?)"
    r"(?:(?: (?:to|and|or) |[-–])\d[\d,.]*(?= [a-z]+illion))?(?:[ -]?(?P<word>[A-Za-z]+))?"
)
_LONG = 4  # digits that are looked for whatever stands between them


def missing(source: str, target: str) -> list[Number]:
    """The numbers of a Chinese source that its translation does not say."""
    asked = list(numbers(source))
    if not asked:
        return []
    said = set(values(target))
    lost = [number for number in asked if said.isdisjoint(number.values)]
    if not lost:
        return []
    digits = re.sub(r"\D", "", target)
    return [number for number in lost if not _spelled(source[number.start : number.end], digits)]


def invented(source: str, target: str) -> list[str]:
    """The figures of a translation, of two digits or more, that nothing in its Chinese source
    accounts for.
    """
    figures = [found for found in _FIGURES.finditer(target) if len(found["figure"]) > 1]
    if not figures:
        return []
    allowed = {*readings(source), *values(source)}
    digits = re.sub(r"\D", "", source)
    return [
        found["figure"]
        for found in figures
        if allowed.isdisjoint(_worths(found)) and _plain(found["figure"]) not in digits
    ]


def _worths(figure: re.Match[str]) -> Iterator[Decimal]:
    value = Decimal(_plain(figure["figure"]))
    yield value
    word = (figure["word"] or "").lower()
    yield value * (LARGE.get(word) or SUFFIXES.get(word) or 1)


def _plain(figure: str) -> str:
    return figure.replace(",", "")


def _spelled(figure: str, digits: str) -> bool:
    """Whether a long row of digits stands in the translation, grouped another way."""
    return figure.isascii() and figure.isdigit() and len(figure) >= _LONG and figure in digits
