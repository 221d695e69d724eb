"""Chinese numerals: in characters, in figures, or in figures with units of characters.

    numeral  = [section 万亿] [[section 万] section 亿] [section 万] [section] [more] | decimal
    section  = [count 千] [count 百] [[count] 十] [count]      a gap may be filled by 零
    count    = digit | pair | figure | "几" | "数", then perhaps more before the unit ("20多万")
    pair     = two digits in a row, loosely meant ("三四百" is 300 to 400)
    more     = "多" | "余" | "来" | "几"
    decimal  = section "点" digits [万 | 亿]

A last count without 零 before it is a tenth of the unit before ("三百五", "3万2"). A unit without a
count ("百", "万") is loose, and so are pairs, "几十" and "数百". Capitals (壹贰叁…, 拾佰仟) count where
two of them, or one and money, stand together; alone they are words ("放肆", "大陆").

The expression runs over a `Skeleton`, in which each figure is one character, so that a numeral has
few characters however long its figures are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from math import prod

from pipeline.answer.numbers.figures import CHINESE_DIGITS, Figure, figures, rows
from pipeline.answer.numbers.quantity import MOST_DIGITS, Number, number

FIGURE, ROW = "\ue000", "\ue001"
_NO_FIGURES = {ord(FIGURE): " ", ord(ROW): " "}

DIGITS = CHINESE_DIGITS | {"两": 2, "兩": 2, "参": 3, "貳": 2, "陸": 6}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_TENS = {"廿": 20, "卅": 30}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_CAPITALS = frozenset("壹贰叁肆伍陆柒捌玖参貳陸拾佰仟")
_MONEY = ("元", "圆", "角", "分", "整")
_NOUGHTS = "零〇"
_MORE = "多余餘来來几幾"

_DIGIT = "".join(DIGITS.keys() - set(_NOUGHTS))
_COUNT = f"(?:[{FIGURE}{ROW}]|[{_DIGIT}]{{1,2}}|[几幾数數](?=[十百千万亿萬億]))"
_BEFORE_UNIT = f" ?[{_MORE}]?"
_SECTION = (
    f"(?>(?:[{_NOUGHTS}]?(?:{_COUNT}{_BEFORE_UNIT})?[千仟](?![米克瓦卡赫帕焦伏]))?"
    f"(?:[{_NOUGHTS}]?(?:{_COUNT}{_BEFORE_UNIT})?[百佰](?!帕))?"
    f"(?:[{_NOUGHTS}]?(?:(?:{_COUNT}{_BEFORE_UNIT})?[十拾]|[廿卅]))?"
    f"(?:[{_NOUGHTS}]?{_COUNT}|(?<=[十拾廿卅])[几幾])?)"
)
_WAN, _YI = f"{_SECTION}{_BEFORE_UNIT}[万萬]", f"{_SECTION}{_BEFORE_UNIT}[亿億]"
_NUMERAL = re.compile(
    f"(?P<whole>(?=[{_DIGIT}{_NOUGHTS}十]){_SECTION}|[{_NOUGHTS}])[点點](?P<fraction>{ROW}|[{_DIGIT}{_NOUGHTS}]{{1,2}})"
    f"(?![十百千拾佰仟刻{FIGURE}两])(?P<scale>[万萬]?[亿億]|[万萬])?"
    f"|[{_NOUGHTS}](?=[点點时時])|(?:{_WAN}[亿億] ?)?(?:(?:{_WAN} ?)?{_YI})?(?: ?{_WAN})?"
    f"(?:(?<= [万亿]) {FIGURE}|{_SECTION}(?!{_BEFORE_UNIT}[万萬亿億]))?"
)
HEAD = re.compile(f"[{FIGURE}{ROW}{_DIGIT}十拾百佰千仟廿卅万萬亿億几幾数數]|[{_NOUGHTS}](?![下上])")
_AFTER_MORE = re.compile("来?(?=[个人年天岁次名位家种件块元米斤里分秒小月周条头只])")
_SURPLUS = re.compile("余(?=[额款波热生震地下])")
_OWN_UNIT = re.compile(r" ?(?:[年月日号天周]|小时|个[月小星])")


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A text with one character in the place of each figure."""

    text: str
    figures: tuple[Figure, ...]
    _places: list[int] = field(default_factory=list)  # of the figures in `text`

    def place(self, at: int) -> int:
        """Where a place of the skeleton lies in the text."""
        passed = bisect_right(self._places, at - 1)
        return (
            at if not passed else at - self._places[passed - 1] - 1 + self.figures[passed - 1].end
        )

    def index(self, place: int) -> int:
        """Where a place of the text lies in the skeleton; `place` undone."""
        passed = bisect_right(self.figures, place, key=lambda figure: figure.end)
        return (
            place
            if not passed
            else self._places[passed - 1] + 1 + place - self.figures[passed - 1].end
        )

    def figure(self, at: int) -> Figure:
        """The figure that one character of the skeleton stands for."""
        return self.figures[bisect_right(self._places, at) - 1]


def skeleton(text: str) -> Skeleton:
    """The text's skeleton, figures of both scripts taken out."""
    text = text.translate(_NO_FIGURES)
    found = sorted([*figures(text), *rows(text)], key=lambda figure: figure.start)
    pieces, places, length = [], [], 0
    for end, figure in zip([0, *(figure.end for figure in found)], found, strict=False):
        pieces += [text[end : figure.start], ROW if figure.spelt else FIGURE]
        length += figure.start - end
        places.append(length)
        length += 1
    pieces.append(text[found[-1].end :] if found else text)
    return Skeleton("".join(pieces), tuple(found), places)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A numeral of a skeleton, worth `low`, or anything from `low` to `high`.

    `figure` is the one that it begins with. A `loose` one need not be a number; one with `more` is
    the lower bound of what is meant.
    """

    start: int
    end: int
    low: Number
    high: Number
    figure: Figure | None = None
    loose: bool = False
    more: bool = False
    units: tuple[int, ...] = ()  # that its last count may be multiplied by

    @property
    def single(self) -> bool:
        """Whether it is one Chinese character, which may be part of any word."""
        return self.end - self.start == 1 and self.figure is None

    @property
    def bare(self) -> bool:
        """Whether it is a figure and nothing else."""
        return self.figure is not None and self.end - self.start == (1 if self.figure.end else 2)


def numeral(source: Skeleton, start: int) -> Numeral | None:
    """The numeral that begins there, if one does."""
    match = _NUMERAL.match(source.text, start)
    if match is None or match.end() == start:
        return None
    if source.text[start] in (FIGURE, ROW) and source.figure(start).value is None:
        return Numeral(start, start + 1, 0, 0, source.figure(start))
    read = _Sum(source, start)
    if match["fraction"]:
        return _decimal(read, match)
    read.add(match.end())
    found = read.numeral()
    capitals = sum(character in _CAPITALS for character in source.text[start : found.end])
    if capitals == 1 and not source.text.startswith(_MONEY, found.end):
        return None
    return _with_more(source.text, found)


def _decimal(read: _Sum, match: re.Match[str]) -> Numeral | None:
    read.add(match.end("whole"))
    digit = match["fraction"]
    row = read.source.figure(match.start("fraction")) if digit == ROW else None
    digits = row.digits if row else "".join(str(DIGITS[character]) for character in digit)
    if len(digits) > MOST_DIGITS:
        return Numeral(*match.span(), 0, 0, Figure(0, 0, digits, None))
    scale = prod(_LARGE[character] for character in match["scale"] or "")
    worth = (read.numeral().low + number(int(digits), 10 ** len(digits))) * scale
    return Numeral(*match.span(), worth, worth, units=(scale,) if scale > 1 else ())


def _with_more(text: str, found: Numeral) -> Numeral:
    """The numeral with the 多, 余, 来 or 几 that follows it."""
    sign = text[found.end : found.end + 1]
    if (
        not sign
        or sign not in _MORE
        or found.more
        or (found.single and text[found.start] in DIGITS)
    ):
        return found
    counted = found.low % 10 == 0
    if (
        (sign in "来来" and not (counted and _AFTER_MORE.match(text, found.end)))
        or (sign in "几幾" and not (counted and found.bare))
        or _SURPLUS.match(text, found.end)
    ):
        return found
    high = found.low + _last_place(found.low)
    return replace(found, end=found.end + 1, high=high, loose=False, more=True)


def _last_place(worth: Number) -> int:
    """The worth of one in its last place that is no nought: 1,000 for 25,000."""
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
        """So many and more of the unit."""
        self.high = self.low + _last_place(self.low)


class _Sum:
    """A numeral's terms, read from left to right."""

    def __init__(self, source: Skeleton, start: int) -> None:
        self.source = source
        self._start = self._end = start
        self._terms: list[_Term] = []
        self._count: _Term | None = None  # whose unit has not come
        self._counted_at = start
        self._closed = self._closed_yi = 0  # terms before the last 万 or 亿, before the last 亿
        self._large = 1  # the 万 or 亿 that the last term has
        self._gap = self._loose = self._more = False

    def add(self, end: int) -> None:
        """Reads up to `end`, or less where what follows is another number."""
        for at in range(self._start, end):
            character = self.source.text[at]
            if character in (FIGURE, ROW):
                worth = self.source.figure(at).value
                if worth is None:
                    end = at
                    break
                self._found(_Term(worth, worth), at)
            elif character in _LARGE:
                if not self._scaled(_LARGE[character]):
                    return
                self._end = at + 1
            elif character != " ":
                self._character(character, at)
        self._finish(end)

    def numeral(self) -> Numeral:
        low = sum((term.low * term.unit for term in self._terms), start=number(0))
        high = sum((term.high * term.unit for term in self._terms), start=number(0))
        text = self.source.text
        figure = self.source.figure(self._start) if text[self._start] in (FIGURE, ROW) else None
        written = text[self._start : self._end]
        if len(written) == 2 and all(character in DIGITS for character in written):
            figure = Figure(0, 0, "".join(str(DIGITS[digit]) for digit in written), low, True, True)
        loose = self._loose or bool(figure and figure.loose) or written == "二百五"
        unit = self._terms[-1].unit if self._terms else 1
        units = tuple(worth for worth in (unit, self._large) if worth > 1)
        return Numeral(self._start, self._end, low, high, figure, loose, self._more, units)

    def _found(self, count: _Term, at: int) -> None:
        self._count, self._counted_at = count, at

    def _character(self, character: str, at: int) -> None:
        if character in _NOUGHTS and (self._terms or self._count):
            self._gap = True
        elif character in DIGITS:
            worth = DIGITS[character]
            if self._count:
                self._loose = True
                worth, self._count.low = max(worth, self._count.low), min(worth, self._count.low)
                self._count.high = worth
            else:
                self._found(_Term(worth, worth), at)
        elif character in _MORE + "数數" and not (self._count or self._terms):
            self._loose = True
            self._found(_Term(2, 10), at)
        elif character in _MORE + "数數":
            self._more = True
            if character in "几幾数數" and not self._count:
                self._found(_Term(0, 10), at)
            else:
                (self._count or self._terms[-1]).widen()
        else:
            self._unit(_TENS.get(character, 0), _UNITS.get(character, 1), character)

    def _unit(self, worth: int, unit: int, character: str) -> None:
        if worth:
            self._terms.append(_Term(worth, worth))
            return
        self._loose |= not (self._count or self._terms or character in "十拾")
        count = self._count or _Term(1, 1)
        self._terms.append(_Term(count.low, count.high, unit))
        self._count, self._gap, self._large = None, False, 1

    def _scaled(self, large: int) -> bool:
        """Whether what was read since the last 万 or 亿 is smaller than that, and now scaled."""
        if self._count:
            self._terms.append(self._count)
            self._count = None
        first = self._closed_yi if large == _LARGE["亿"] else self._closed
        if len(self._terms) == first:
            self._loose = True
            self._terms.append(_Term(1, 1))
        if first and self._worth(first) * large >= self._terms[first - 1].unit:
            del self._terms[self._closed :]
            return False
        for term in self._terms[first:]:
            term.unit *= large
        self._large = large * (self._large if self._closed == len(self._terms) else 1)
        self._closed = len(self._terms)
        self._closed_yi = self._closed if large == _LARGE["亿"] else self._closed_yi
        self._gap = False
        return True

    def _worth(self, first: int) -> Number:
        return sum((term.high * term.unit for term in self._terms[first:]), start=number(0))

    def _finish(self, end: int) -> None:
        """The last count is ones, or a tenth of the unit before it."""
        if self._count:
            if self._terms and self._is_another():
                end = self._counted_at
            else:
                self._terms.append(replace(self._count, unit=self._last_unit()))
                self._large = 1
            self._count = None
        if self._closed and self._worth(self._closed) >= self._terms[self._closed - 1].unit:
            del self._terms[self._closed :]
        else:
            self._end = end if end > self._start else self._start

    def _last_unit(self) -> int:
        before = self._terms[-1].unit if self._terms else 1
        text, at = self.source.text, self._counted_at
        long = text[at] in (FIGURE, ROW) and len(self.source.figure(at).digits) > 1
        return 1 if self._gap or long or before < 100 else before // 10

    def _is_another(self) -> bool:
        """Whether a last count belongs to what follows ("10万2024年")."""
        text, at = self.source.text, self._counted_at
        if text[at] not in (FIGURE, ROW):
            return text[at] in "两兩"
        figure = self.source.figure(at)
        if not figure.whole or text[at - 1] == " " and len(figure.digits) == 1:
            return True
        year_or_day = len(figure.digits) < 3 or figure.digits.startswith(("19", "20"))
        return bool(year_or_day and _OWN_UNIT.match(text, at + 1))
