"""Numerals of a Chinese text with what signs and links them: "3-5万", "三比二", "零下十".

phrase  = [sign] numeral {link numeral}
sign    = "负" | "零下" | "-" | "−" | "正负" | "±" | "≤" | "≥" | "≈" | "≠" | "第"
link    = "-" | "–" | "~" | "至" | "到" | "/" | ":" | "比"            one kind in a phrase
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.answer.numbers.chinese.numerals import HEAD, Numeral, numeral
from pipeline.answer.numbers.chinese.skeleton import Skeleton
from pipeline.answer.numbers.quantity import Kind, Number, Quantity, Value, bare
from pipeline.answer.numbers.written import in_english

RANGE, SLASH, COLON, TO = "-", "/", ":", "比"
_LINKS = {
    **dict.fromkeys("-–—−－~～〜至到", RANGE),
    **{"/": SLASH, ":": COLON, "：": COLON, "比": TO},
}
_LINK = re.compile(f" ?([{''.join(_LINKS)}]) ?")
_MOST_LINKED = 16
_NOT_TIMED = re.compile(" ?[年月日号]")  # "2004：12月"
_SIGN = re.compile(
    r"(?:(?P<both>正负|±|\+/-)|(?P<word>零下|(?<![背肩担身自抱欺辜胜平正欠\ue000])负)"
    r"|(?<![\ue000A-Za-z])(?P<minus>[-−－–])|(?P<relation>[≤≥⩽⩾≈≠])|(?P<place>第)) ?$"
)
_SIGN_BEFORE = 5  # characters
_SAME_SIGN = {"⩽": "≤", "⩾": "≥"}
_OPENS = re.compile(r"[\s（(：:，,、=“\"\[]")
_WORD = re.compile(r"[^\W\d_]")
_SURE_MINUS_AFTER = re.compile(" ?(?:[%℃℉°‰度元]|摄氏|华氏)")
_FLOOR = re.compile(" ?[层楼]")  # "负2层" may be a basement
_DASH = "?"
_FALLS = re.compile("[降跌减亏缩损低负少]")
_FALL_BEFORE = 6  # characters

Convert = Callable[[Number], frozenset[Value]]
Form = Callable[[str, Number], str]  # of how English writes a number, and the number itself


def as_written(written: str, _: Number) -> str:
    """The number as English writes it, and nothing more."""
    return written


@dataclass(frozen=True, slots=True)
class Phrase:
    """Numerals that belong together, from `start`, where their sign is, to `end` in a skeleton.

    `minus` is what English writes for their minus, _DASH where it may be a dash; `sign` is a sign
    of another kind.
    """

    source: Skeleton
    start: int
    end: int
    numerals: tuple[Numeral, ...]
    link: str = ""
    minus: str = ""
    sign: str = ""
    ordinal: bool = False

    @property
    def first(self) -> Numeral:
        return self.numerals[0]

    @property
    def loose(self) -> bool:
        """Whether any numeral need not be a number."""
        return any(found.loose for found in self.numerals)

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
        sign = -1 if self.minus not in ("", _DASH) else 1
        return [
            sign * found.low * (_shared(found, last) if self.link == RANGE else 1)
            for found in self.numerals
        ]

    def before(self, length: int) -> str:
        """So many characters before the phrase."""
        return self.source.text[max(self.start - length, 0) : self.start]

    def after(self, length: int) -> str:
        """So many characters after the phrase."""
        return self.source.text[self.end : self.end + length]

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
        return convert(worth) | convert(-worth) if falls or self.minus == _DASH else convert(worth)

    def _bounds(self, convert: Convert) -> tuple[Number, Number] | None:
        found = self.first
        if len(self.numerals) > 1 or found.high == found.low:
            return None
        ends = bare(convert(found.low) | convert(found.high))
        return (min(ends), max(ends)) if ends else None

    def _kind(self) -> Kind:
        if len(self.numerals) > 1:
            return Kind.RANGE if self.link == RANGE else Kind.RATIO
        return Kind.APPROXIMATE if self.first.more or self.first.loose else Kind.AMOUNT

    def _is_certain(self) -> bool:
        plain = self.first.low in (0, 1) or (self.first.single and not self.minus)
        return not self.loose and (len(self.numerals) > 1 or not plain)

    def _english(self, form: Form | None) -> str:
        if form is None or self.loose or self.minus == _DASH:
            return ""
        if len(self.numerals) > 2 or self.link not in ("", RANGE, TO):
            return ""
        numbers = [
            form(_written(found, worth, self.minus), worth)
            for found, worth in zip(self.numerals, self.worths, strict=True)
        ]
        hyphen = self.link == RANGE and all(number.isdecimal() for number in numbers)
        more = "over " if self.first.more else ""
        return self.sign + more + ("-" if hyphen else " to ").join(numbers)


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
    relation = "±" if sign["both"] else _SAME_SIGN.get(sign["relation"], sign["relation"] or "")
    signed = bool(relation) or minus not in ("", _DASH)
    begin = sign.start() if signed else start
    return Phrase(source, begin, end, tuple(numerals), link, minus, relation, bool(sign["place"]))


def following(source: Skeleton, at: int) -> Phrase | None:
    """The phrase that begins there, a blank before it or none."""
    at += source.text.startswith(" ", at)
    return phrase(source, at, at) if HEAD.match(source.text, at) else None


def end_of(source: Skeleton, at: int, *words: str) -> int:
    """Where one of the words ends, a blank before it or none; 0 where there is none."""
    at += source.text.startswith(" ", at)
    return next((at + len(word) for word in words if source.text.startswith(word, at)), 0)


def _linked(source: Skeleton, last: Numeral, link: str) -> tuple[str, Numeral] | None:
    """The link that follows a numeral, and the numeral after it."""
    match = _LINK.match(source.text, last.end)
    if not match or not HEAD.match(source.text, match.end()):
        return None
    kind = _LINKS[match[1]]
    other = numeral(source, match.end())
    if other is None or (link and kind != link):
        return None
    if source.text.startswith("分之", other.end):  # "百分之三到百分之五"
        return None
    if kind in (SLASH, COLON) and not (last.bare and other.bare):
        return None
    dated = kind == COLON and _NOT_TIMED.match(source.text, other.end)
    return None if dated else (kind, other)


def _minus(text: str, sign: re.Match[str], end: int, found: Numeral) -> str:
    """What stands for a minus in English: "" for none, _DASH for what may be a dash."""
    if sign["word"]:
        return _DASH if _FLOOR.match(text, end) else "-"
    if not sign["minus"] or sign[0].endswith(" "):
        return ""
    if sign["minus"] == "−":
        return "−"
    before = text[max(sign.start() - 2, 0) : sign.start()]
    if not before or _OPENS.match(before[-1]):
        return "-"
    if not _WORD.match(before[-1]) or HEAD.match(before[0]):  # "3%-5%", "3年-5年"
        return ""
    sure = _SURE_MINUS_AFTER.match(text, end) or found.low.denominator > 1
    return "-" if sure else _DASH


def _shared(found: Numeral, last: Numeral) -> int:
    """The unit of the last numeral that this one has as well."""
    if found is last or any(unit > 1000 for unit in found.units):
        return 1
    return max((unit for unit in last.units if found.low * unit < last.low), default=1)


def _written(found: Numeral, worth: Number, minus: str) -> str:
    if found.bare and found.figure and abs(worth) == found.low:
        return minus + found.figure.written
    return in_english(worth).replace("-", minus or "-", 1)
