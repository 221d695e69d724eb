"""Numbers of units in Chinese text.

| suffix of a phrase | example | worth |
|---|---|---|
| a unit of length, mass or time | 90分钟 | as it is, or in any unit of the same |
| unit phrase unit | 3小时20分 | the sum, or both |
| 个半 unit, unit 半 | 一个半小时, 三年半 | and a half |
| 米, 块, 元 digits | 1米75, 2块5 | and hundredths or tenths |
| 角, 毛, 旬, 打 | 七旬 | tenths, tens, dozens |
| 千 unit | 3千米 | as it is, or a thousand times as many |
| w, k, M | 100w | ten thousand, thousand, million |
"""

from __future__ import annotations

import re
from fractions import Fraction

from pipeline.answer.numbers.chinese.counting import counted
from pipeline.answer.numbers.chinese.numerals import DIGIT
from pipeline.answer.numbers.chinese.phrases import Phrase, Rule, as_written, end_of, following
from pipeline.answer.numbers.chinese.skeleton import DIGITS, FIGURE, ROW
from pipeline.answer.numbers.quantity import UNITS, Kind, Number, Quantity, Unit, Value, measured
from pipeline.answer.numbers.written import decimal, in_english

_NAMES = {
    **{"秒": "second", "秒钟": "second", "分钟": "minute", "刻钟": "quarter hour"},
    **{"小时": "hour", "钟头": "hour", "天": "day", "星期": "week", "周": "week", "礼拜": "week"},
    **{"个月": "month", "季度": "season", "年": "year", "周年": "year", "岁": "year"},
    **{"世纪": "century", "毫米": "mm", "厘米": "cm", "公分": "cm", "米": "m", "里": "li"},
    **{"公里": "km", "千米": "km", "毫克": "mg", "克": "g", "公斤": "kg", "千克": "kg"},
    **{"两": "liang", "斤": "jin", "吨": "tonne"},
}
_UNIT = "|".join(sorted(_NAMES, key=len, reverse=True))
_PARTS: dict[str, tuple[Number, ...]] = {
    **dict.fromkeys("角毛", (1, Fraction(1, 10), 10)),
    **{"旬": (10,), "打": (12, 1)},
}
_LETTERS = {"w": 10**4, "W": 10**4, "k": 1000, "K": 1000, "M": 10**6}
_TENTH = DIGIT.replace("两", "")
_TAIL = f"(?P<size_tail>[{FIGURE}{ROW}]|[{_TENTH}]{{1,2}})(?![个十百千万亿两米厘公{FIGURE}{ROW}])"
_CENTS = f"(?:[毛角](?:(?P<size_cents>[{FIGURE}{_TENTH}])分?)?)?"
_HALF = Fraction(1, 2)


def _measured(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    return _alone(phrase, UNITS[_NAMES[suffix["unit"]]])


def _thousands(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    """ "3千米" are 3 kilometres or 3,000 metres."""
    unit = _NAMES.get(suffix[0])

    def convert(worth: Number) -> frozenset[Value]:
        return (measured(worth, UNITS[unit]) if unit else frozenset((worth,))) | {worth * 1000}

    return phrase.quantity(convert, certain=counted(phrase) or None, english=as_written)


def _in_two_units(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """ "3小时20分" and "3分35秒"; the first unit alone where no second follows."""
    hours = not suffix["larger"].startswith("分")
    larger, smaller = ("hour", "minute") if hours else ("minute", "second")
    rest = following(phrase.source, suffix.end())
    end = (
        end_of(phrase.source, rest.end, *(("分钟", "分") if hours else ("秒钟", "秒")))
        if rest
        else 0
    )
    if rest is None or not end or rest.first.low not in range(60) or len(phrase.numerals) > 1:
        return None if suffix["larger"] == "分" else _alone(phrase, UNITS[larger])
    first, second = phrase.first.low, int(rest.first.low)
    total = first * UNITS[larger].worth + second * UNITS[smaller].worth
    values: set[Value] = {
        *{("s", total), ("ratio", f"{first}:{second:02}")},
        ("clock", first * 60 + second),
    }
    return Quantity(
        phrase.source.place(phrase.start),
        phrase.source.place(end),
        Kind.AMOUNT,
        frozenset(values),
        (measured(first, UNITS[larger]), measured(second, UNITS[smaller])),
        english=f"{decimal(first)} {UNITS[larger].name} {second} {UNITS[smaller].name}",
    )


def _alone(phrase: Phrase, unit: Unit) -> Quantity:
    return phrase.quantity(
        lambda worth: measured(worth, unit), certain=counted(phrase) or None, english=as_written
    )


def _and_a_half(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    """ "一个半小时", "三年半"."""
    name = suffix["half_unit"] or suffix["unit_half"] or ""
    name = "个月" if name == "月" else name.removeprefix("个") if name != "个月" else name
    unit = UNITS[_NAMES[name]] if name in _NAMES else None

    def convert(worth: Number) -> frozenset[Value]:
        return measured(worth + _HALF, unit) if unit else frozenset((worth + _HALF,))

    plural = unit.name if unit else ""
    return phrase.quantity(
        convert,
        suffix.end(),
        english=(lambda _, worth: f"{decimal(worth + _HALF)} {plural}") if plural else None,
        certain=not phrase.loose,
    )


def _size(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """A unit and tenths or hundredths of it: "1米75", "两块五"."""
    places = [*range(*suffix.span("size_tail")), *range(*suffix.span("size_cents"))]
    digits = "".join(_digits(phrase, at) for at in places if at >= 0)
    if not digits.isdecimal() or len(digits) > 2 or len(phrase.numerals) > 1:
        return None
    added = Fraction(int(digits), 10 ** len(digits))
    metres = suffix["sized"] == "米"

    def convert(worth: Number) -> frozenset[Value]:
        return measured(worth + added, UNITS["m"]) if metres else frozenset((worth + added,))

    return phrase.quantity(
        convert,
        suffix.end(),
        kind=Kind.SIZE,
        english=lambda _, worth: f"{decimal(worth + added)} {'meters' if metres else 'yuan'}",
        certain=not phrase.loose,
    )


def _digits(phrase: Phrase, at: int) -> str:
    figure = phrase.source.figure(at)
    return figure.digits if figure else str(DIGITS[phrase.source.text[at]])


def _part_of_a_unit(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    """ "五角" is half a yuan, 5 jiao or 50 cents; a man of 七旬 is 70; two 打 are 24."""
    factors = _PARTS[suffix[0]]
    return phrase.quantity(lambda worth: frozenset(worth * factor for factor in factors))


def _lettered(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """ "100w" and "1.5k"; "100W" may be watts."""
    letter = suffix[0]
    factor = _LETTERS[letter]
    if not phrase.first.bare:
        return None
    return phrase.quantity(
        lambda worth: frozenset((worth * factor, *((worth,) if letter.isupper() else ()))),
        suffix.end(),
        english=(lambda _, worth: in_english(worth * factor)) if letter.islower() else None,
    )


RULES: dict[str, tuple[str, Rule]] = {
    "half": (
        f"个半(?P<half_unit>{_UNIT}|月)?|(?P<unit_half>个?(?:{_UNIT}))半(?![月天年夜径载])",
        _and_a_half,
    ),
    "size": (f"(?P<sized>[米块元]){_TAIL}{_CENTS}", _size),
    "two_units": (" ?(?P<larger>个?小时|个?钟头|分钟?+)(?= ?[^ 之])", _in_two_units),
    "lettered": (r"[wWkKM](?![A-Za-z0-9])", _lettered),
    "parts": ("[角毛旬打]", _part_of_a_unit),
    "thousands": ("千[米克瓦卡赫帕焦伏]", _thousands),
    "measured": (f" ?(?:个(?=小时|钟头|星期|礼拜|季度|世纪))?(?P<unit>{_UNIT})", _measured),
}
