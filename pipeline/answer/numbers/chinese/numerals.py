"""Chinese numerals: in characters, in figures, or in figures with units of characters.

    numeral  = [section 万亿] [[section 万] section 亿] [section 万] [section] [more] | decimal
    section  = [count 千] [count 百] [[count] 十] [count]      零 may fill a gap
    count    = digit | pair | figure | "几" | "数", then perhaps more before the unit ("20多万")
    pair     = two digits in a row, loosely meant ("三四百" is 300 to 400)
    more     = "多" | "余" | "来" | "几"
    decimal  = section "点" digits [万 | 亿]

What a numeral is worth is in sums.py. Capitals (壹贰叁…, 拾佰仟) count where two of them, or one
and money, stand together; alone they are words ("放肆", "大陆").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import prod

from pipeline.answer.numbers.chinese.skeleton import (
    DIGITS,
    FIGURE,
    LARGE,
    NOUGHTS,
    ROW,
    TENS,
    UNITS,
    Skeleton,
)
from pipeline.answer.numbers.chinese.sums import MORE, Sum, last_place
from pipeline.answer.numbers.figures import Figure
from pipeline.answer.numbers.quantity import MOST_DIGITS, Number, number

_CAPITALS = frozenset("壹贰叁肆伍陆柒捌玖参拾佰仟")
_MONEY = ("元", "圆", "角", "分", "整")

DIGIT = "".join(sorted(DIGITS.keys() - set(NOUGHTS)))
_COUNT = f"(?:[{FIGURE}{ROW}]|[{DIGIT}]{{1,2}}|[几数](?=[十百千万亿]))"
_MORE = f" ?[{MORE}]?"
_SECTION = (
    f"(?>(?:[{NOUGHTS}]?(?:{_COUNT}{_MORE})?[千仟](?![米克瓦卡赫帕焦伏]))?"
    f"(?:[{NOUGHTS}]?(?:{_COUNT}{_MORE})?[百佰](?!帕))?"
    f"(?:[{NOUGHTS}]?(?:(?:{_COUNT}{_MORE})?[十拾]|[廿卅]))?"
    f"(?:[{NOUGHTS}]?{_COUNT}|(?<=[十拾廿卅])几)?)"
)
_WAN, _YI = f"{_SECTION}{_MORE}万", f"{_SECTION}{_MORE}亿"
_NUMERAL = re.compile(
    # decimals, but not "三点二十" and "三点一刻"
    f"(?P<whole>(?=[{DIGIT}十]){_SECTION}|[{NOUGHTS}])点"
    f"(?P<fraction>{ROW}|[{DIGIT}{NOUGHTS}]{{1,2}})(?![十百千拾佰仟刻{FIGURE}两])"
    f"(?P<scale>万?亿|万)?"
    f"|[{NOUGHTS}](?=[点时])"
    f"|(?:{_WAN}亿 ?)?(?:(?:{_WAN} ?)?{_YI})?(?: ?{_WAN})?"
    f"(?:(?<= [万亿]) {FIGURE}|{_SECTION}(?!{_MORE}[万亿]))?"
)
HEAD = re.compile(
    f"[{FIGURE}{ROW}{DIGIT}{''.join(UNITS)}{''.join(TENS)}{''.join(LARGE)}几数]"
    f"|[{NOUGHTS}](?![下上])"
)
_LAI = re.compile("来(?=[个人年天岁次名位家种件块元米斤里分秒小月周条头只])")
_SURPLUS = re.compile("余(?=[额款波热生震地下])")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A numeral of a skeleton, worth `low`, or anything from `low` to `high`.

    `figure` is the one that it begins with. A `loose` one need not be a number; with `more` it is
    the least that is meant. `units` are those that its last count has.
    """

    start: int
    end: int
    low: Number
    high: Number
    figure: Figure | None = None
    loose: bool = False
    more: bool = False
    units: tuple[int, ...] = ()

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
    figure = source.figure(start)
    if figure and figure.value is None:
        return Numeral(start, start + 1, 0, 0, figure)
    if match["fraction"]:
        return _decimal(source, match)
    found = _whole(source, start, match.end())
    capitals = sum(character in _CAPITALS for character in source.text[start : found.end])
    if capitals == 1 and not source.text.startswith(_MONEY, found.end):
        return None
    return _with_more(source.text, found)


def _whole(source: Skeleton, start: int, end: int) -> Numeral:
    read = Sum(source, start, end)
    figure = source.figure(start)
    written = source.text[start : read.end]
    if len(written) == 2 and all(character in DIGITS for character in written):  # "七五", "三五"
        digits = "".join(str(DIGITS[digit]) for digit in written)
        figure = Figure(0, 0, digits, int(digits), spelt=True, loose=True)
    loose = read.loose or bool(figure and figure.loose) or written == "二百五"
    return Numeral(start, read.end, read.low, read.high, figure, loose, read.more, read.units)


def _decimal(source: Skeleton, match: re.Match[str]) -> Numeral:
    start, end = match.span()
    row = source.figure(match.start("fraction"))
    digits = row.digits if row else "".join(str(DIGITS[digit]) for digit in match["fraction"])
    if len(digits) > MOST_DIGITS:
        return Numeral(start, end, 0, 0, Figure(0, 0, digits, None))
    if digits[0] == "0" and len(digits) == 2 and source.text.startswith("分", end):  # "三点零五分"
        return _whole(source, start, match.end("whole"))
    scale = prod(LARGE[character] for character in match["scale"] or "")
    whole = Sum(source, start, match.end("whole")).low
    worth = (whole + number(int(digits), 10 ** len(digits))) * scale
    return Numeral(start, end, worth, worth, units=(scale,) if scale > 1 else ())


def _with_more(text: str, found: Numeral) -> Numeral:
    """The numeral with the 多, 余, 来 or 几 that follows it."""
    sign = text[found.end : found.end + 1]
    if not sign or sign not in MORE or found.more or (found.single and text[found.start] in DIGITS):
        return found
    by_tens = found.low % 10 == 0
    fits = {
        "多": True,
        "余": not _SURPLUS.match(text, found.end),
        "来": by_tens and _LAI.match(text, found.end),
        "几": by_tens and found.bare,
    }
    if not fits[sign]:
        return found
    high = found.low + last_place(found.low)
    return replace(found, end=found.end + 1, high=high, loose=False, more=True)
