"""Numbers in Chinese text: where they stand, what they are worth, and how English writes them.

Only what is certainly a number counts: no numeral of one character ("一些", "三心二意"), nothing
approximate ("几十", "七八个", "上千"), no fraction, and neither 0 nor 1, which English says in many ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_DIGIT = "零〇一二三四五六七八九"
_DIGITS = {
    **{character: value for value, character in enumerate("〇一二三四五六七八九")},
    "零": 0,
    "两": 2,
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_FIGURE = r"\d+(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?"
_SPOKEN = f"[{_DIGIT}两十百千万亿]+(?:点[{_DIGIT}]+)?"
_NUMBER = re.compile(
    rf"""
      百分之(?P<percent>{_FIGURE}|百|{_SPOKEN})
    | (?P<fraction>(?:{_FIGURE}|{_SPOKEN})分之(?:{_FIGURE}|{_SPOKEN}))
    | (?P<year>[一二][{_DIGIT}]{{3}}(?=年))
    | (?P<figure>{_FIGURE})(?:\s?(?P<scale>[十百千]?(?:万亿|万|亿)|[百千](?![米克瓦卡赫帕])))?
    | (?P<spoken>{_SPOKEN})
    """,
    re.VERBOSE,
)
_SECTION = re.compile(
    "(?:(?P<千>[一二三四五六七八九两])千)?(?:零?(?P<百>[一二三四五六七八九两])百)?"
    "(?:零?(?P<十>[一二三四五六七八九]?)(?P<ten>十))?(?P<gap>零)?(?P<ones>[一二三四五六七八九两]?)"
)
_VAGUE_BEFORE = frozenset("几数上近成好若双")  # "几十", "数百万", "上千", "成百", "双十一"
_VAGUE_AFTER = frozenset("几进")  # "十几", "十六进制"
_AFTERNOON = re.compile("(?:下午|晚上?|傍晚|中午|夜里|午后|当晚)$")
_CENTURY = re.compile(rf"(\d+|[{_DIGIT}十]+)\s?世纪$")
_DECADE = re.compile(rf"世纪\s?(\d+|[{_DIGIT}十]+)\s?年代")
_COUNTED = frozenset("个名位本只条张座辆艘架台家次天岁倍件篇场")
_IDIOM = frozenset("第一二三四五六七八九十两百千万这那每哪有无不老丢")
_LEAST = 2
MONTHS = re.findall(
    r"\w+", "January February March April May June July August September October November December"
)
_DATE = re.compile(
    rf"(?:(?P<year>\d{{4}}|[一二][{_DIGIT}]{{3}})\s?年\s?)?(?P<month>\d{{1,2}}|[{_DIGIT}十]{{1,2}})\s?月"
    rf"(?:\s?(?P<day>\d{{1,2}}|[{_DIGIT}十]{{1,3}})\s?[日号])?"
)
_FULL_WIDTH = {ord("．"): ".", ord("，"): "，"} | {
    code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)
}


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `start` to `end` of a text. Any of `values` translates it.

    `english` says it all.
    """

    start: int
    end: int
    values: frozenset[Decimal]
    english: str


def numbers(text: str) -> Iterator[Number]:
    """The numbers of a simplified Chinese text that its translation must say, in order."""
    text = text.translate(_FULL_WIDTH)
    for match in _NUMBER.finditer(text):
        value = _value(match, 1 if _counts(text, match) else 2)
        if value is not None and value >= _LEAST and not (match["spoken"] and _vague(text, match)):
            values = frozenset(_readings(text, match, value))
            yield Number(match.start(), match.end(), values, _english(match, value))


def written(text: str) -> Iterator[tuple[int, int, str]]:
    """Where the numbers and dates of a text stand, and how English writes them."""
    plain = text.translate(_FULL_WIDTH)
    dates = [(date.start(), date.end(), _date(date)) for date in _DATE.finditer(plain)]
    dates = [date for date in dates if date[2]]
    others = [(number.start, number.end, number.english) for number in numbers(text)]
    yield from sorted([*dates, *(n for n in others if not any(d[0] <= n[0] < d[1] for d in dates))])


def _date(date: re.Match[str]) -> str:
    """As in "March 15, 2024"; "" where it is no date."""
    year, month, day = (
        _any(date[name]) if date[name] else None for name in ("year", "month", "day")
    )
    if not month or month > 12 or (day and day > 31) or (year is None and day is None):
        return ""
    words = MONTHS[int(month) - 1] + (f" {day}" if day else "")
    return words if year is None else f"{words}, {year}" if day else f"{words} {year}"


def readings(text: str) -> Iterator[Decimal]:
    """Whatever a translation may say as a number because of its source, vague or not."""
    text = text.translate(_FULL_WIDTH)
    for match in _NUMBER.finditer(text):
        value = _value(match, 1)
        if value is not None:
            yield from _readings(text, match, value)
    yield from (Decimal(worth) for unit, worth in (_UNITS | _LARGE).items() if unit in text)


def _counts(text: str, match: re.Match[str]) -> bool:
    """Whether a numeral of one character is followed by what it counts ("三个", but not "三心二意")."""
    return (
        match[0] != "两"
        and text[match.end() : match.end() + 1] in _COUNTED
        and text[match.start() - 1 : match.start()] not in _IDIOM
    )


def _vague(text: str, match: re.Match[str]) -> bool:
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return before in _VAGUE_BEFORE or after in _VAGUE_AFTER


def _value(match: re.Match[str], shortest: int) -> Decimal | None:
    if match["fraction"]:
        return None
    if match["year"]:
        return _digits(match["year"])
    if match["figure"]:
        value = Decimal(match["figure"].replace(",", ""))
        for character in match["scale"] or "":
            value *= (_UNITS | _LARGE)[character]
        return value
    if match["percent"]:
        percent = match["percent"]
        if percent == "百":
            return Decimal(100)
        return (
            Decimal(percent.replace(",", ""))
            if percent[0].isdigit() and percent.isascii()
            else _spoken(percent, 1)
        )
    return _spoken(match["spoken"], shortest)


def _spoken(text: str, shortest: int) -> Decimal | None:
    """The value of a numeral in characters, of at least so many.

    None where it is none, or a loose one.
    """
    whole, point, fraction = text.partition("点")
    if len(text) < shortest:
        return None
    if all(character in _DIGITS for character in whole):
        # Without a nought, "三五" and "三三两两" are vague.
        sure = len(whole) == 1 or (len(whole) > 2 and not {"零", "〇"}.isdisjoint(whole))
        value = _digits(whole) if sure else None
    else:
        value = _whole(whole)
    if value is None or not point:
        return value
    return value + _digits(fraction).scaleb(-len(fraction))


def _digits(text: str) -> Decimal:
    return Decimal("".join(str(_DIGITS[character]) for character in text))


def _whole(text: str) -> Decimal | None:
    """Numerals with units: "两万五", "一百零五", "三千二百万"."""
    total = 0
    for unit, worth in (("亿", 10**8), ("万", 10**4)):
        if unit not in text:
            continue
        head, _, text = text.partition(unit)
        if unit == "亿" and "万" in head:
            return None
        section = _section(head)
        if not section:
            return None
        total += section * worth
        if len(text) == 1 and text != "十":  # 两万五
            return (
                Decimal(total + _DIGITS[text] * worth // 10)
                if text in _DIGITS and text not in "零〇"
                else None
            )
    if not text:
        return Decimal(total)
    section = _section(text)
    return None if section is None else Decimal(total + section)


def _section(text: str) -> int | None:
    """A numeral below 10,000."""
    found = _SECTION.fullmatch(text)
    if not found or not text:
        return None
    worth = 0
    least = 0
    for unit in ("千", "百"):
        if found[unit]:
            worth, least = worth + _DIGITS[found[unit]] * _UNITS[unit], _UNITS[unit]
    if found["ten"]:
        worth, least = worth + 10 * (_DIGITS[found["十"]] if found["十"] else 1), 10
    if found["ones"]:
        ones = _DIGITS[found["ones"]]
        colloquial = least > 10 and not found["gap"]  # 三百五
        worth += ones * least // 10 if colloquial else ones
    return worth


def _readings(text: str, match: re.Match[str], value: Decimal) -> Iterator[Decimal]:
    """The value, and what English may say in its place."""
    yield value
    before, after = (
        text[: match.start()].rstrip()[-9:],
        text[match.end() : match.end() + 9].lstrip(),
    )
    if after.startswith(("点", "时", ":", "：")) and value <= 24:
        if value <= 12 and _AFTERNOON.search(before):
            yield value + 12
        if value > 12:
            yield value - 12
    if after.startswith("年") and value < 100:
        century = _CENTURY.search(before)
        if century:
            yield (_any(century[1]) - 1) * 100 + value  # 20世纪80年代
        yield from (value + hundreds for hundreds in (1800, 1900, 2000))
    if after.startswith("世纪"):
        yield (value - 1) * 100
        decade = _DECADE.match(after)
        if decade:
            yield (value - 1) * 100 + _any(decade[1])
    if after.startswith("倍"):
        yield value + 1
    if after.startswith("成"):
        yield value * 10


def _any(numeral: str) -> Decimal:
    return Decimal(numeral) if numeral.isascii() else _spoken(numeral, 1) or Decimal(0)


def _english(match: re.Match[str], value: Decimal) -> str:
    if match["percent"]:
        return f"{value:f}%"
    if match["year"] or (match["figure"] and not match["scale"]):
        return match["figure"] or f"{value:f}"
    for name, worth in (("trillion", 10**12), ("billion", 10**9), ("million", 10**6)):
        if value >= worth and (value / worth * 100) % 1 == 0:
            return f"{(value / worth).normalize():f} {name}"
    return f"{value.normalize():,f}"
