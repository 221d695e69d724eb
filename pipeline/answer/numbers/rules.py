"""What may follow a phrase of a Chinese text and changes its worth, time apart.

| suffix | example | worth |
|---|---|---|
| "%", "‰", 百分点, 基点 | 3.5‰, 5个百分点 | hundredths, thousandths, hundredths, ten-thousandths |
| 分之 phrase, 又 … 分之 | 百分之五, 三分之二 | the quotient |
| 成, 折 | 三成, 打八折 | tenths; what is left, or what is taken off |
| 倍, 番 | 三倍 | as it is, or in percent; one more where it grows |
| 个半, unit 半 | 三年半, 一倍半 | and a half |
| 米, 块, 元 digits | 1米75, 2块5 | hundredths or tenths of the unit |
| w, k, M | 100w | ten thousand, thousand, million |
| 角, 毛, 旬, 打 | 七旬 | tenths, tens, dozens |
| a unit of length, mass, time | 90分钟 | as it is, or in any unit of the same |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from pipeline.answer.numbers.numerals import DIGITS, FIGURE, HEAD, ROW
from pipeline.answer.numbers.phrases import Phrase, Rule, after, following, phrase
from pipeline.answer.numbers.quantity import (
    LONG_ROW,
    UNITS,
    Kind,
    Number,
    Quantity,
    Value,
    measured,
    percent,
)
from pipeline.answer.numbers.written import decimal, in_english, ordinal

_NAMES = {
    **{"秒": "second", "秒钟": "second", "分钟": "minute", "刻钟": "quarter hour"},
    **{"小时": "hour", "个小时": "hour", "钟头": "hour", "个钟头": "hour", "天": "day"},
    **{
        "星期": "week",
        "岁": "year",
        "个星期": "week",
        "周": "week",
        "礼拜": "week",
        "个礼拜": "week",
    },
    **{"个月": "month", "季度": "season", "个季度": "season", "年": "year", "周年": "year"},
    **{"世纪": "century", "个世纪": "century", "毫米": "mm", "厘米": "cm", "公分": "cm", "米": "m"},
    **{"里": "li", "公里": "km", "千米": "km", "毫克": "mg", "克": "g", "公斤": "kg", "千克": "kg"},
    **{"两": "liang", "斤": "jin", "吨": "tonne"},
}
_UNIT = "|".join(sorted(_NAMES, key=len, reverse=True))
_DIGIT = f"[{''.join(DIGITS.keys() - set('两兩'))}]"
_NOT_TENTHS = "群为员功立果人年本都就长了对熟绩份名语型效交婚不"
_NOT_DISCOUNT = "不叠扇页腰断磨射戏"
_INCREASES = re.compile("[增涨升长多高快贵大翻扩]")
_INCREASE_BEFORE = 8  # characters
_NO_UNIT_AFTER = f"(?![个十百千万亿米厘公{FIGURE}{ROW}])"
_DISCOUNTED = re.compile("(?:打[了个着]{0,2})?$")
_LETTERS = {"w": 10**4, "W": 10**4, "k": 1000, "K": 1000, "M": 10**6}
_PARTS: dict[str, tuple[Number, ...]] = {
    **dict.fromkeys("角毛", (1, Fraction(1, 10), 10)),
    **{"旬": (10,), "打": (12, 1)},
}
_SHORTER = {"minute": ("分钟", "分"), "second": ("秒钟", "秒")}
_SMALL_UNITS = frozenset(("里", "克", "两"))
_WORDS = frozenset(("两家", "两部", "两种", "四周", "四季", "三轮"))  # "couples", "around" …
_COUNTED = frozenset(
    "个名位本只条张座辆艘架台家次天岁倍件篇场年分项部种支枚档届季页套轮份首集批周颗粒头匹间句段章节门所幅枝根瓶杯碗吨"
)
_IDIOM = frozenset("一二三四五六七八九十两百千万这那每哪有无不老丢番")
_NEXT = re.compile("[二一](?=天|日|年|轮)|一")
_NUMBERED = frozenset("号页章节条款行回卷-~～至到")  # "第3页" is page 3, not the third


def hundredths(worth: Number) -> frozenset[Value]:
    """A part of a whole, which may be what is taken off it."""
    return frozenset((percent(worth), ("off", Fraction(worth) / 100)))


def _times(factor: Number) -> Callable[[Number], frozenset[Value]]:
    return lambda worth: frozenset((worth * factor,))


def _percent(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    points = suffix[0].endswith("点")
    return phrase.quantity(
        lambda worth: hundredths(worth) | ({worth} if points else set()),
        suffix.end(),
        kind=Kind.PERCENT,
        english=lambda written, _: written + (" percentage points" if points else "%"),
        certain=phrase.first.low != 0 and not phrase.first.loose,
    )


def _permille(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    return phrase.quantity(
        _times(Fraction(1, 1000)),
        suffix.end(),
        kind=Kind.PERCENT,
        english=lambda written, _: f"{written}‰",
        certain=True,
    )


def _basis_points(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    return phrase.quantity(
        lambda worth: frozenset((worth, worth * Fraction(1, 10000))),
        suffix.end(),
        kind=Kind.PERCENT,
        english=lambda written, _: f"{written} basis points",
    )


def _fraction(whole: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """The quotient of "百分之五", "三分之二" and "一又三分之二"."""
    source, floor = whole.source, suffix.end()
    denominator = phrase(source, floor, floor) if suffix[0] == "又" else whole
    if not denominator or not denominator.first.low:
        return None
    at = denominator.end + len("分之")
    numerator = phrase(source, at, at) if HEAD.match(source.text, at) else None
    if numerator is None or not source.text.startswith("分之", denominator.end):
        return None
    if numerator.first.single and numerator.first.loose:  # 百分之百
        numerator = replace(numerator, numerals=(replace(numerator.first, loose=False),))
    parts = denominator.first.low
    added = whole.first.low if suffix[0] == "又" else 0
    numerator = replace(numerator, start=whole.start, minus=whole.minus, sign=whole.sign)

    def quotient(worth: Number) -> frozenset[Value]:
        return hundredths((added + Fraction(worth) / parts) * 100)

    def english(written: str, worth: Number) -> str:
        if parts in (100, 1000, 10000):
            return f"{decimal(Fraction(worth) * 100 / parts)}%"
        return f"{added or ''} {written}/{decimal(parts)}".strip()

    return numerator.quantity(
        quotient,
        kind=Kind.PERCENT if parts in (100, 1000, 10000) else Kind.FRACTION,
        english=english,
        certain=numerator.first.low != 0 and not numerator.first.loose,
    )


def _tenths(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    if phrase.first.low > 10:
        return None
    rest = suffix["tenth"]
    more = 0 if not rest else 5 if rest == "半" else DIGITS[rest]
    return phrase.quantity(
        lambda worth: hundredths(worth * 10 + more),
        suffix.end(),
        kind=Kind.PERCENT,
        english=lambda _, worth: f"{decimal(worth * 10 + more)}%",
        certain=not phrase.first.loose or len(phrase.numerals) > 1,
    )


def _discount(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """What is left of a price, or what is taken off: "八折", "七五折", "8.5折"."""
    digits = phrase.digits
    left = Fraction(int(digits), 100) if len(digits) == 2 else Fraction(phrase.first.low) / 10
    if not 0 < left < 1:
        return None
    verb = _DISCOUNTED.findall(phrase.before(3))[0]
    off = f"{decimal((1 - left) * 100)}% off"
    return replace(
        phrase.quantity(
            lambda _: frozenset((left, 1 - left, ("off", 1 - left))),
            suffix.end(),
            kind=Kind.PERCENT,
            certain=True,
        ),
        start=phrase.source.place(phrase.start - len(verb)),
        bounds=None,
        english=off if verb else "",
    )


def _multiple(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    grows = _INCREASES.search(phrase.before(_INCREASE_BEFORE))
    half = Fraction(1, 2) if suffix["times_half"] else 0

    def convert(worth: Number) -> frozenset[Value]:
        times = worth + half
        return frozenset((times, percent(times * 100), *((times + 1,) if grows else ())))

    once = phrase.first.low == 1 and not half
    loose = any(found.loose for found in phrase.numerals)
    return phrase.quantity(
        convert,
        suffix.end() if half else None,
        certain=not loose and bool(grows or not once),
        english=None if half else lambda written, _: written,
    )


def _and_a_half(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    name = suffix["unit_of_halves"] or suffix["halved_unit"] or ""
    unit = UNITS.get(_NAMES.get(name.lstrip("个"), _NAMES.get(name, "")))

    def convert(worth: Number) -> frozenset[Value]:
        worth += Fraction(1, 2)
        return measured(worth, unit) if unit else frozenset((worth,))

    known = unit and unit.name
    return phrase.quantity(
        convert,
        suffix.end(),
        english=(lambda _, worth: f"{decimal(worth + Fraction(1, 2))} {known}") if known else None,
        certain=not phrase.first.loose,
    )


def _size(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """A unit and tenths or hundredths of it: "1米75", "两块五"."""
    places = [*range(*suffix.span("tail")), *range(*suffix.span("cents"))]
    digits = "".join(_digits(phrase, at) for at in places if at >= 0)
    if not digits.isdecimal() or len(digits) > 2 or len(phrase.numerals) > 1:
        return None
    added = Fraction(int(digits), 10 ** len(digits))
    name = "meters" if suffix["sized"] == "米" else "yuan"

    def convert(worth: Number) -> frozenset[Value]:
        return (
            measured(worth + added, UNITS["m"]) if name == "meters" else frozenset((worth + added,))
        )

    return phrase.quantity(
        convert,
        suffix.end(),
        kind=Kind.SIZE,
        english=lambda _, worth: f"{decimal(worth + added)} {name}",
        certain=not phrase.first.loose,
    )


def _digits(phrase: Phrase, at: int) -> str:
    character = phrase.source.text[at]
    if character in (FIGURE, ROW):
        return phrase.source.figure(at).digits
    return str(DIGITS[character])


def _lettered(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """ "100w" and "1.5k"; "100W" may be watts."""
    letter = suffix["letter"]
    factor = _LETTERS[letter]
    if not phrase.first.bare:
        return None
    return phrase.quantity(
        lambda worth: frozenset((worth * factor, *((worth,) if letter.isupper() else ()))),
        suffix.end(),
        english=(lambda _, worth: in_english(worth * factor)) if letter.islower() else None,
    )


def _part_of_a_unit(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    """ "五角" is half a yuan, 5 jiao or 50 cents; a man of 七旬 is 70; two 打 are 24."""
    factors = _PARTS[suffix["part"]]
    return phrase.quantity(lambda worth: frozenset(worth * factor for factor in factors))


def _measured(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    return _of_unit(phrase, suffix["unit"])


def _of_unit(phrase: Phrase, name: str) -> Quantity:
    unit = UNITS[_NAMES[name]]
    return phrase.quantity(
        lambda worth: measured(worth, unit),
        certain=counted(phrase, name) or None,
        english=lambda written, _: written,
    )


def _measured_in_two(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """ "3小时20分", "3分35秒"."""
    larger, smaller = (
        ("hour", "minute") if not suffix["longer"].startswith("分") else ("minute", "second")
    )
    source = phrase.source
    rest = following(source, suffix.end())
    end = after(source, rest.end, *_SHORTER[smaller]) if rest else 0
    if not (rest and end) or rest.first.low not in range(60) or len(phrase.numerals) > 1:
        return _of_unit(phrase, suffix["longer"]) if suffix["longer"] in _NAMES else None
    hours, minutes = phrase.first.low, int(rest.first.low)
    total = hours * UNITS[larger].worth + minutes * UNITS[smaller].worth
    values: set[Value] = {
        ("s", total),
        ("ratio", f"{hours}:{minutes:02}"),
        ("clock", hours * 60 + minutes),
    }
    parts = tuple(
        measured(worth, UNITS[name]) for worth, name in ((hours, larger), (minutes, smaller))
    )
    english = f"{decimal(hours)} {UNITS[larger].name} {minutes} {UNITS[smaller].name}"
    return replace(
        phrase.quantity(lambda _: frozenset(values), end, certain=True),
        parts=parts,
        english=english,
    )


def _thousand_of_a_unit(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    """ "3千米" are 3 kilometres or 3,000 metres."""
    unit = UNITS.get(_NAMES.get(suffix["thousands"], ""))
    return phrase.quantity(
        lambda worth: frozenset((worth * 1000, *(measured(worth, unit) if unit else (worth,)))),
        english=lambda written, _: written,
    )


def plain(phrase: Phrase) -> Quantity:
    """A phrase that nothing follows which would change its worth."""
    digits = phrase.digits
    following = phrase.source.text[phrase.end : phrase.end + 1]
    first = phrase.first.low

    def convert(worth: Number) -> frozenset[Value]:
        same_century = 1000 <= first <= 2999 and worth < 100  # 2008-09
        return frozenset((worth, *((int(first) // 100 * 100 + worth,) if same_century else ())))

    quantity = phrase.quantity(
        convert, certain=counted(phrase, following) or None, english=lambda written, _: written
    )
    others: set[Value] = set()
    if len(digits) > LONG_ROW and digits.isdecimal():
        others.add(("digits", digits))
    elif digits and phrase.first.loose:
        others = {int(digits), *map(int, digits), *(int(digits[at:]) for at in range(len(digits)))}
    return replace(quantity, values=quantity.values | others) if others else quantity


def ordered(phrase: Phrase) -> Quantity:
    """ "第二十五"; "第3页" is page 3, and "第二天" may be the next day."""
    if phrase.source.text[phrase.end : phrase.end + 1] in _NUMBERED:
        return plain(phrase)
    first, source = phrase.first, phrase.source
    single = len(phrase.numerals) == 1
    whole = single and first.low.denominator == 1
    return phrase.quantity(
        lambda worth: frozenset((worth,)),
        start=phrase.start - 1 if whole and phrase.before(1) == "第" else None,
        kind=Kind.ORDINAL,
        certain=not (first.loose or first.low == 0 or _NEXT.match(source.text, first.start)),
        english=(lambda _, worth: ordinal(int(worth))) if whole else None,
    )


def counted(phrase: Phrase, following: str) -> bool:
    """Whether a numeral of one character is followed by what it counts ("三个", but not "三心二意")."""
    first, text = phrase.first, phrase.source.text
    return (
        len(phrase.numerals) == 1
        and first.single
        and not first.loose
        and first.low > 1
        and (following in _COUNTED or following in _NAMES.keys() - _SMALL_UNITS)
        and text[first.start] + following not in _WORDS
        and text[first.start - 1 : first.start] not in _IDIOM
    )


RULES: dict[str, tuple[str, Rule]] = {
    "percent": (" ?(?:[%﹪]|个?百分点)", _percent),
    "permille": (" ?‰", _permille),
    "basis": (" ?个?基点", _basis_points),
    "fraction": ("分之|又(?=[^分]{1,4}分之)", _fraction),
    "tenths": (f"成(?P<tenth>半|{_DIGIT})?(?![{_NOT_TENTHS}])", _tenths),
    "discount": (f"折(?![{_NOT_DISCOUNT}])", _discount),
    "multiple": ("倍(?P<times_half>半)?", _multiple),
    "half": (
        f"个半(?P<unit_of_halves>{_UNIT}|月)?|(?P<halved_unit>{_UNIT})半(?![月天年夜径])",
        _and_a_half,
    ),
    "size": (
        rf"(?P<sized>[米块元])(?P<tail>[{FIGURE}{ROW}]|{_DIGIT}{{1,2}}){_NO_UNIT_AFTER}(?:[毛角](?:(?P<cents>[{FIGURE}]|{_DIGIT})分?)?)?",
        _size,
    ),
    "two_units": (" ?(?P<longer>个?小时|个?钟头|分钟?+)(?= ?[^ 之])", _measured_in_two),
    "lettered": (r"(?P<letter>[wWkKM])(?![A-Za-z0-9])", _lettered),
    "parts": ("(?P<part>[角毛旬打])", _part_of_a_unit),
    "thousand": ("(?P<thousands>千[米克瓦卡赫帕焦伏])", _thousand_of_a_unit),
    "measured": (f" ?(?P<unit>{_UNIT})", _measured),
}
