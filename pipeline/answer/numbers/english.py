"""What an English text says in numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from pipeline.answer.numbers.chinese import MONTHS

_WORDS = re.compile(r"\w+").findall
_ONES = _WORDS(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = _WORDS("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _WORDS(
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
    " fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_MONTHS = [month.lower() for month in MONTHS]
_SMALL = {
    **{word: value for words in (_ONES, _ORDINALS) for value, word in enumerate(words)},
    **{word: 10 * tens for tens, word in enumerate(_TENS, start=2)},
    **{
        word[:-1] + ending: 10 * tens
        for tens, word in enumerate(_TENS, start=2)
        for ending in ("ieth", "ies")
    },
    "teens": 10,
}
LARGE = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
    "decade": 10,
}
LARGE |= {word + ending: worth for word, worth in LARGE.items() for ending in ("s", "th", "ths")}
SUFFIXES = {
    "k": 10**3,
    "m": 10**6,
    "mn": 10**6,
    "bn": 10**9,
    "b": 10**9,
    "tn": 10**12,
    "trn": 10**12,
}
_OTHERS = {
    **{word: (month,) for month, word in enumerate(_MONTHS, start=1)},
    **{word[:3]: (month,) for month, word in enumerate(_MONTHS, start=1)},
    **dict.fromkeys(
        (
            "both",
            "pair",
            "pairs",
            "couple",
            "twice",
            "double",
            "doubled",
            "doubles",
            "twofold",
            "twin",
        ),
        (2,),
    ),
    **dict.fromkeys(("triple", "tripled", "triples", "threefold", "trio", "thrice"), (3,)),
    **dict.fromkeys(("quadruple", "quadrupled", "fourfold", "quartet"), (4,)),
    **{"tenfold": (10,), "noon": (12,), "midday": (12,), "midnight": (0, 12, 24)},
    **{"century": (100,), "centuries": (100,), "fortnight": (14,), "sept": (9,)},
}
_TOKEN = re.compile(
    r"(?P<figure>\d+(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?)(?P<suffix>[A-Za-z]*)|(?P<word>[A-Za-z]+)"
)
_YEARS = re.compile(r"(?<!\d)(\d\d)\d\d[-–/](\d\d)(?!\d)")  # 1939–45
_ROMAN = re.compile(r"(?:X{1,3}|X?(?:IX|IV|V?I{1,3}|V))$")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10}
_LINKS = frozenset(("and", "a", "an", "point"))


def values(text: str) -> Iterator[Decimal]:
    """Whatever an English text may mean as a number; rather too many than too few."""
    for years in _YEARS.finditer(text):
        yield Decimal(years[1] + years[2])
    run = _Run()
    end = 0
    for token in _TOKEN.finditer(text):
        if text[end : token.start()].strip(" -\u2011"):
            yield from run.close()
        end = token.end()
        if token["figure"]:
            figure = Decimal(token["figure"].replace(",", ""))
            worth = SUFFIXES.get(token["suffix"].lower())
            yield from (figure, figure * worth) if worth else ()
            yield from run.figure(figure)
            continue
        word = token["word"].lower()
        if word in _SMALL:
            yield from run.small(_SMALL[word])
        elif word in LARGE:
            yield from run.large(LARGE[word])
        elif word not in _LINKS:
            yield from run.close()
            yield from map(Decimal, _OTHERS.get(word, ()))
            if _ROMAN.match(token["word"]):
                yield _roman(token["word"])
    yield from run.close()


class _Run:
    """Number words in a row, as far as they were read."""

    def __init__(self) -> None:
        self._total = self._part = self._century = Decimal(0)
        self._figure = self._before = Decimal(0)  # "1.5 to 2 million"
        self._begun = self._figured = False

    def close(self) -> Iterator[Decimal]:
        if self._begun:
            yield self._total + self._part
            if self._century:
                yield self._century * 100 + self._part  # nineteen eighty-four
        self._total = self._part = self._century = Decimal(0)
        self._begun = self._figured = False

    def figure(self, value: Decimal) -> Iterator[Decimal]:
        yield from self.close()
        self._before, self._figure = self._figure, value
        self._part, self._begun, self._figured = value, True, True

    def small(self, value: int) -> Iterator[Decimal]:
        goes_on = self._part % 100 == 0 or (value < 10 <= self._part % 100 and self._part % 10 == 0)
        goes_on = goes_on and not self._figured  # "a 600-second wait"
        if self._begun and not goes_on:
            century = self._part if not self._total and value >= 10 else Decimal(0)
            yield from self.close()
            self._century = century
        self._part, self._begun, self._figured = self._part + value, True, False

    def large(self, worth: int) -> Iterator[Decimal]:
        if self._figure:
            yield from (self._figure * worth, self._before * worth)
        self._part = (self._part or Decimal(1)) * worth
        self._begun, self._figured = True, False
        if worth >= 1000:
            self._total, self._part = self._total + self._part, Decimal(0)


def _roman(numeral: str) -> Decimal:
    worths = [_ROMAN_DIGITS[digit] for digit in numeral]
    pairs = zip(worths, [*worths[1:], 0], strict=True)
    return Decimal(sum(-worth if worth < following else worth for worth, following in pairs))
