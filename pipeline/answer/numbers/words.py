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

from pipeline.answer.numbers.numerals import DIGITS, Skeleton
from pipeline.answer.numbers.phrases import after, following
from pipeline.answer.numbers.quantity import UNITS, Kind, Quantity, Value, measured, percent

_UNITS = {
    **{
        "小时": "hour",
        "钟头": "hour",
        "年": "year",
        "月": "month",
        "世纪": "century",
        "季度": "season",
    },
    **{"公里": "km", "里": "li", "公斤": "kg", "斤": "jin", "吨": "tonne"},
}
WORDS = (
    "(?P<doubled>翻了?(?P<doublings>[一两二三四])?番)|(?P<half>一半)"
    f"|(?<![上下前后大小多过])半个?(?P<half_unit>{'|'.join(_UNITS)})(?![程球亮路报度决载])"
    "|(?P<century>[上本]个?世纪)|(?P<item>[①-⒛㈠-㈩])|(?P<roman>[Ⅰ-Ⅻ])"
    "|(?P<halved>半|对折)|(?P<two>双|俩)"
)
_NOW = {"上": 1900, "本": 2000}


def word(source: Skeleton, found: re.Match[str]) -> Quantity:
    """The number that a word is."""
    kind, end, certain, english = Kind.AMOUNT, found.end(), False, ""
    values: frozenset[Value]
    if found["doubled"]:
        times = 2 ** DIGITS[found["doublings"] or "一"]
        values, certain = frozenset((times, percent((times - 1) * 100))), True
    elif found["half"] or found["halved"]:
        kind, values, certain = Kind.FRACTION, frozenset((Fraction(1, 2),)), bool(found["half"])
    elif found["half_unit"]:
        values, certain = measured(Fraction(1, 2), UNITS[_UNITS[found["half_unit"]]]), True
        if found["half_unit"] == "月":
            values |= measured(2, UNITS["week"])
    elif found["item"]:
        number = int(unicodedata.numeric(found["item"]))
        kind, values, certain, english = (
            Kind.ITEM,
            frozenset((("item", number),)),
            True,
            found["item"],
        )
    elif found["roman"]:
        values = frozenset((int(unicodedata.numeric(found["roman"])),))
    elif found["century"]:
        return _century(source, found)
    else:
        values = frozenset((2,))
    places = source.place(found.start()), source.place(end)
    return Quantity(*places, kind, values, certain=certain, english=english)


def _century(source: Skeleton, found: re.Match[str]) -> Quantity:
    first = _NOW[found[0][0]]
    decade = following(source, found.end())
    start = source.place(found.start())
    end = after(source, decade.end, "年代") if decade else 0
    if decade and end and not decade.first.loose:
        year = first + int(decade.first.low)
        values: frozenset[Value] = frozenset((("decade", year), ("decade", year % 100)))
        return Quantity(start, source.place(end), Kind.DATE, values, english=f"{year}s")
    values = frozenset((first, ("decade", first), first // 100 + 1))
    return Quantity(start, source.place(found.end()), Kind.DATE, values, certain=False)
