"""Chinese words and signs that are numbers without a numeral.

| word | worth |
|---|---|
| 翻番, 翻两番 | twice, four times, or as much more in percent |
| 一半, 半小时, 半年 | half, of the unit if one follows |
| 上世纪80年代, 本世纪 | the decade, the century |
| ①, ⑵, ㈢ | entries of a list, which English has as ① or (1) |
| 半, 对折, 双, Ⅲ | half, half, two, three: said or not |
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from pipeline.answer.numbers.chinese.phrases import end_of, following
from pipeline.answer.numbers.chinese.skeleton import DIGITS, Skeleton
from pipeline.answer.numbers.quantity import UNITS, Kind, Quantity, Value, measured, percent

_HALF = Fraction(1, 2)
_UNITS = {
    **{"小时": "hour", "钟头": "hour", "年": "year", "月": "month", "世纪": "century"},
    **{"公里": "km", "里": "li", "公斤": "kg", "斤": "jin", "吨": "tonne"},
}
_WRITTEN = {"hour": "half an hour", "year": "half a year", "month": "half a month"}
WORDS = (
    "翻了?(?P<doublings>[一两二三四])?番|(?P<half>一半)"
    f"|(?<![上下前后大小多过])半个?(?P<half_of>{'|'.join(_UNITS)})(?![程球亮路报度决载])"
    "|(?P<century>[上本])个?世纪|(?P<item>[①-⒛㈠-㈩])|(?P<roman>[Ⅰ-Ⅻ])|(?P<halved>半|对折)|双|俩"
)
_FIRST_YEARS = {"上": 1900, "本": 2000}


def word(source: Skeleton, found: re.Match[str]) -> Quantity:
    """The number that a word is."""
    kind, certain, english = Kind.AMOUNT, True, ""
    values: frozenset[Value]
    if found["century"]:
        return _century(source, found)
    if found["half"] or found["halved"]:
        kind, values, certain = Kind.FRACTION, frozenset((_HALF,)), bool(found["half"])
        english = "half" if certain else ""
    elif found["half_of"]:
        unit = _UNITS[found["half_of"]]
        values, english = measured(_HALF, UNITS[unit]), _WRITTEN.get(unit, "")
        values |= measured(2, UNITS["week"]) if unit == "month" else frozenset()
    elif sign := found["item"] or found["roman"]:
        number = int(unicodedata.numeric(sign))
        certain = bool(found["item"])
        kind, english = (Kind.ITEM, sign) if certain else (kind, "")
        values = frozenset((("item", number),)) if certain else frozenset((number,))
    elif found[0].startswith("翻"):
        times = 2 ** DIGITS[found["doublings"] or "一"]
        values = frozenset((times, percent((times - 1) * 100)))
    else:  # 双, 俩
        values, certain = frozenset((2,)), False
    start, end = source.place(found.start()), source.place(found.end())
    return Quantity(start, end, kind, values, certain=certain, english=english)


def _century(source: Skeleton, found: re.Match[str]) -> Quantity:
    first = _FIRST_YEARS[found["century"]]
    start = source.place(found.start())
    decade = following(source, found.end())
    end = end_of(source, decade.end, "年代") if decade else 0
    values: frozenset[Value]
    if decade and end and not decade.loose:
        year = first + int(decade.first.low)
        values = frozenset((("decade", year), ("decade", year % 100)))
        return Quantity(start, source.place(end), Kind.DATE, values, english=f"{year}s")
    values = frozenset((first, ("decade", first), first // 100 + 1))
    return Quantity(start, source.place(found.end()), Kind.DATE, values, certain=False)
