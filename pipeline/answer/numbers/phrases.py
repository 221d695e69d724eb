"""Numerals of a Chinese text with what links and signs them: "3-5万", "三比二", "零下十".

phrase  = [sign] numeral {link numeral}
sign    = "负" | "零下" | "-" | "−" | "正负" | "±" | "≤" | "≥" | "≈" | "≠" | "第"
link    = "-" | "–" | "~" | "至" | "到" | "/" | ":" | "比"            one kind in a phrase
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.answer.numbers.numerals import HEAD, Numeral, Skeleton, numeral
from pipeline.answer.numbers.quantity import Kind, Number, Quantity, Value
from pipeline.answer.numbers.written import in_english

RANGE, SLASH, COLON, TO = "-", "/", ":", "比"
_LINKS = {
    **dict.fromkeys("-–—−－~～〜至到", RANGE),
    **{"/": SLASH, "／": SLASH, ":": COLON, "：": COLON, "比": TO},
}
_LINK = re.compile(f" ?([{''.join(_LINKS)}]) ?")
_MOST_LINKED = 16
_NOT_LINKED = re.compile("分之")  # "百分之三到百分之五"
_NOT_TIMED = re.compile(" ?[年月日号]")  # "2004：12月"
_SIGN = re.compile(
    r"(?:(?P<both>正负|±|\+/-)|(?P<word>零下|(?<![背肩担身自抱欺辜胜平正欠\ue000])负)"
    r"|(?<![\ue000A-Za-z])(?P<minus>[-−－–])|(?P<relation>[≤≥⩽⩾≈≠])|(?P<place>第)) ?$"
)
_SIGN_BEFORE = 5  # characters
_OPENS = re.compile(r"[\s（(：:，,、=“\"\[]")
_SURE_MINUS_AFTER = re.compile(" ?(?:[%％℃℉°‰度元]|摄氏|华氏)")
_WORD = re.compile(r"[^\W\d_]")
_FLOOR = re.compile(" ?[层楼]")  # "负2层" may be a basement
_SAME_SIGN = {"⩽": "≤", "⩾": "≥"}
_FALLS = re.compile("[降跌减亏缩损低负少]")
_FALL_BEFORE = 6  # characters

Convert = Callable[[Number], frozenset[Value]]
Form = Callable[[str, Number], str]  # of a number as English writes it, and the number itself


@dataclass(frozen=True, slots=True)
class Phrase:
    """Numerals that belong together, from `start`, where their sign is, to `end`, in a skeleton."""

    source: Skeleton
    start: int
    end: int
    numerals: tuple[Numeral, ...]
    link: str = ""
    minus: str = ""  # what English writes for it; "?" where the text's may be a dash
    sign: str = ""
    ordinal: bool = False

    @property
    def first(self) -> Numeral:
        return self.numerals[0]

    @property
    def digits(self) -> str:
        """The digits of a phrase that is one figure of nothing else; "" for others."""
        figure = self.first.figure
        alone = figure and figure.whole and len(self.numerals) == 1 and self.first.bare
        return figure.digits if figure and alone else ""

    @property
    def worths(self) -> list[Number]:
        """The numbers, those before a link with the unit of the last ("3-5万")."""
        last = self.numerals[-1]
        sign = -1 if self.minus and self.minus != "?" else 1
        return [
            sign * found.low * (_shared(found, last) if self.link == RANGE else 1)
            for found in self.numerals
        ]

    def before(self, length: int) -> str:
        """So many characters before the phrase."""
        return self.source.text[max(self.start - length, 0) : self.start]

    def quantity(
        self,
        convert: Convert,
        end: int | None = None,
        *,
        start: int | None = None,
        kind: Kind = Kind.AMOUNT,
        english: Form | None = None,
        certain: bool | None = None,
    ) -> Quantity:
        """The phrase, from `start` to `end` if given, with its numbers converted to values.

        `english` gives what English writes for each; without it the span cannot be masked.
        """
        sets = [self._values(worth, convert) for worth in self.worths]
        if self.first.loose and len(sets) == 1:
            sets[0] |= convert(self.first.high)
        if self.link == RANGE and len(sets) == 2 and not self.first.bare:  # "a day or two"
            sets = [values for values in sets if values.isdisjoint((0, 1))]
        return Quantity(
            self.source.place(self.start if start is None else start),
            self.source.place(self.end if end is None else end),
            self._kind() if kind is Kind.AMOUNT else kind,
            sets[0] if len(sets) == 1 else frozenset(),
            tuple(sets) if len(sets) > 1 else (),
            self._bounds(convert),
            bool(sets) and (self._is_certain() if certain is None else certain),
            self._english(english),
            self.sign,
        )

    def _values(self, worth: Number, convert: Convert) -> frozenset[Value]:
        """With the other sign, where the text leaves it open ("下降5%" may be "-5%")."""
        falls = not self.minus and _FALLS.search(self.before(_FALL_BEFORE))
        return convert(worth) | convert(-worth) if falls or self.minus == "?" else convert(worth)

    def _bounds(self, convert: Convert) -> tuple[Number, Number] | None:
        found = self.first
        if len(self.numerals) > 1 or found.high == found.low:
            return None
        ends = [
            value
            for worth in (found.low, found.high)
            for value in convert(worth)
            if not isinstance(value, tuple)
        ]
        return (min(ends), max(ends)) if ends else None

    def _kind(self) -> Kind:
        if len(self.numerals) > 1:
            return Kind.RANGE if self.link == RANGE else Kind.RATIO
        return Kind.APPROXIMATE if self.first.more or self.first.loose else Kind.AMOUNT

    def _is_certain(self) -> bool:
        if any(found.loose for found in self.numerals):
            return False
        plain = self.first.low in (0, 1) or (self.first.single and not self.minus)
        return len(self.numerals) > 1 or not plain

    def _english(self, form: Form | None) -> str:
        alike = self.link in ("", RANGE) and len(self.numerals) < 3
        if not (form and alike) or self.minus == "?" or any(n.loose for n in self.numerals):
            return ""
        numbers = [
            form(_written(found, worth, self.minus), worth)
            for found, worth in zip(self.numerals, self.worths, strict=True)
        ]
        link = "-" if all(number.isdecimal() for number in numbers) else " to "
        return self.sign + ("over " if self.first.more else "") + link.join(numbers)


Rule = Callable[[Phrase, "re.Match[str]"], Quantity | None]  # of a phrase and what follows it


def phrase(source: Skeleton, start: int, floor: int) -> Phrase | None:
    """The phrase whose first numeral begins at `start`; nothing before `floor` belongs to it."""
    first = numeral(source, start)
    if first is None:
        return None
    numerals, link = [first], ""
    while len(numerals) < _MOST_LINKED and (found := _linked(source, numerals[-1], link)):
        link = found[0]
        numerals.append(found[1])
    end = numerals[-1].end
    sign = _SIGN.search(source.text, max(floor, start - _SIGN_BEFORE), start)
    if sign is None:
        return Phrase(source, start, end, tuple(numerals), link)
    minus = _minus(source.text, sign, end, first)
    relation = "±" if sign["both"] else _SAME_SIGN.get(sign["relation"], sign["relation"]) or ""
    begin = (
        start if minus == "?" or sign["place"] or (sign["minus"] and not minus) else sign.start()
    )
    return Phrase(source, begin, end, tuple(numerals), link, minus, relation, bool(sign["place"]))


def following(source: Skeleton, at: int) -> Phrase | None:
    """The phrase that begins there, a blank before it or none."""
    at += source.text.startswith(" ", at)
    return phrase(source, at, at) if HEAD.match(source.text, at) else None


def after(source: Skeleton, at: int, *words: str) -> int:
    """Where one of the words ends, a blank before it or none; 0 where there is none."""
    at += source.text.startswith(" ", at)
    return next((at + len(word) for word in words if source.text.startswith(word, at)), 0)


def _linked(source: Skeleton, last: Numeral, link: str) -> tuple[str, Numeral] | None:
    """The link that follows a numeral, and the numeral after it."""
    match = _LINK.match(source.text, last.end)
    if not match or (link and _LINKS[match[1]] != link) or not HEAD.match(source.text, match.end()):
        return None
    following = numeral(source, match.end())
    if following is None or _NOT_LINKED.match(source.text, following.end):
        return None
    if _LINKS[match[1]] == COLON and _NOT_TIMED.match(source.text, following.end):
        return None
    if _LINKS[match[1]] in (SLASH, COLON) and not (last.bare and following.bare):
        return None
    return _LINKS[match[1]], following


def _minus(text: str, sign: re.Match[str], end: int, found: Numeral) -> str:
    """What stands for a minus in English: "" for none, "?" for what may be a dash."""
    if sign["word"]:
        return "?" if _FLOOR.match(text, end) else "-"
    if not sign["minus"] or sign[0].endswith(" "):
        return ""
    if sign["minus"] == "−":
        return "−"
    before = text[max(sign.start() - 2, 0) : sign.start()]
    if not before or _OPENS.match(before[-1]):
        return "-"
    if not _WORD.match(before[-1]) or HEAD.match(before[0]):  # "3%-5%", "3年-5年"
        return ""
    return "-" if _SURE_MINUS_AFTER.match(text, end) or found.low.denominator > 1 else "?"


def _shared(found: Numeral, last: Numeral) -> int:
    """The unit of the last numeral that this one has as well."""
    if found is last or any(unit > 1000 for unit in found.units):
        return 1
    return max((unit for unit in last.units if found.low * unit < last.low), default=1)


def _written(found: Numeral, worth: Number, minus: str) -> str:
    if found.bare and found.figure and worth == (-found.low if minus else found.low):
        return minus + found.figure.written
    return in_english(worth).replace("-", minus or "-", 1)
