"""Parts and multiples of a whole in Chinese text.

| suffix of a phrase | example | worth |
|---|---|---|
| "%", "‰", 百分点, 基点 | 3.5‰, 5个百分点 | hundredths, thousandths, ten-thousandths |
| 分之 phrase, 又 … 分之 | 百分之五, 三分之二 | the quotient |
| 成 | 三成, 七成半 | tenths |
| 折 | 打八折 | tenths that are left, or the rest that is taken off |
| 倍 | 三倍, 一倍半 | as it is, or in percent; one more where something grows |
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from pipeline.answer.numbers.chinese.phrases import Phrase, Rule, as_written, following
from pipeline.answer.numbers.chinese.skeleton import DIGITS
from pipeline.answer.numbers.quantity import Kind, Number, Quantity, Value, percent
from pipeline.answer.numbers.written import decimal

_NOT_TENTHS = "群为员功立果人年本都就长了对熟绩份名语型效交婚不"
_NOT_DISCOUNT = "不叠扇页腰断磨射戏"
_SELLS = re.compile("(?:打[了个着]{0,2})?$")
_GROWS = re.compile("[增涨升长多高快贵大翻扩]")
_GROWS_BEFORE = 8  # characters
_PARTS_IN_PERCENT = (100, 1000, 10000)
_HALF = Fraction(1, 2)


def _share(hundredths: Number) -> frozenset[Value]:
    """A part of a whole, which may be what is taken off it."""
    return frozenset((percent(hundredths), ("off", Fraction(hundredths) / 100)))


def _percent(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    points = suffix[0].endswith("点")
    return phrase.quantity(
        lambda worth: _share(worth) | ({worth} if points else set()),
        suffix.end(),
        kind=Kind.PERCENT,
        english=lambda written, _: written + (" percentage points" if points else "%"),
        certain=phrase.first.low != 0 and not phrase.loose,
    )


def _permille(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    return phrase.quantity(
        lambda worth: _share(Fraction(worth) / 10),
        suffix.end(),
        kind=Kind.PERCENT,
        english=lambda written, _: f"{written}‰",
        certain=phrase.first.low != 0 and not phrase.loose,
    )


def _basis_points(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    return phrase.quantity(
        lambda worth: _share(Fraction(worth) / 100) | {worth},
        suffix.end(),
        kind=Kind.PERCENT,
        english=lambda written, _: f"{written} basis points",
    )


def _fraction(whole: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """The quotient of "百分之五", "三分之二" and "一又三分之二"."""
    source, mixed = whole.source, suffix[0] == "又"
    denominator = following(source, suffix.end()) if mixed else whole
    if not denominator or not source.text.startswith("分之", denominator.end):
        return None
    numerator = following(source, denominator.end + len("分之"))
    parts = denominator.first.low
    if not numerator or not parts:
        return None
    if numerator.first.single and numerator.first.loose:  # 百分之百
        numerator = replace(numerator, numerals=(replace(numerator.first, loose=False),))
    added = whole.first.low if mixed else 0

    def english(written: str, worth: Number) -> str:
        if parts in _PARTS_IN_PERCENT:
            return f"{decimal(Fraction(worth) * 100 / parts)}%"
        return f"{added or ''} {written}/{decimal(parts)}".strip()

    return replace(numerator, start=whole.start, minus=whole.minus, sign=whole.sign).quantity(
        lambda worth: _share((added + Fraction(worth) / parts) * 100),
        kind=Kind.PERCENT if parts in _PARTS_IN_PERCENT else Kind.FRACTION,
        english=english,
        certain=numerator.first.low != 0 and not numerator.loose,
    )


def _tenths(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    if phrase.first.low > 10:
        return None
    rest = suffix["tenths_rest"]
    more = 0 if not rest else 5 if rest == "半" else DIGITS[rest]
    return phrase.quantity(
        lambda worth: _share(worth * 10 + more),
        suffix.end(),
        kind=Kind.PERCENT,
        english=lambda _, worth: f"{decimal(worth * 10 + more)}%",
        certain=not phrase.loose,
    )


def _discount(phrase: Phrase, suffix: re.Match[str]) -> Quantity | None:
    """What is left of a price: "八折", "七五折", "8.5折"."""
    digits = phrase.digits
    left = Fraction(int(digits), 100) if len(digits) == 2 else Fraction(phrase.first.low) / 10
    if not 0 < left < 1:
        return None
    off = 1 - left
    verb = _SELLS.findall(phrase.before(3))[0]
    return Quantity(
        phrase.source.place(phrase.start - len(verb)),
        phrase.source.place(suffix.end()),
        Kind.PERCENT,
        frozenset((left, off, ("off", off))),
        english=f"{decimal(off * 100)}% off" if verb else "",
    )


def _multiple(phrase: Phrase, suffix: re.Match[str]) -> Quantity:
    grows = _GROWS.search(phrase.before(_GROWS_BEFORE))
    half = _HALF if suffix["multiple_half"] else 0

    def convert(worth: Number) -> frozenset[Value]:
        times = worth + half
        return frozenset((times, percent(times * 100), *((times + 1,) if grows else ())))

    once = phrase.first.low == 1 and not half
    return phrase.quantity(
        convert,
        suffix.end() if half else None,
        certain=not phrase.loose and bool(grows or not once),
        english=None if half else as_written,
    )


RULES: dict[str, tuple[str, Rule]] = {
    "percent": (" ?(?:[%﹪]|个?百分点)", _percent),
    "permille": (" ?‰", _permille),
    "basis": (" ?个?基点", _basis_points),
    "fraction": ("(?=分之)|又(?=[^分]{1,4}分之)", _fraction),
    "tenths": (f"成(?P<tenths_rest>半|[一二三四五六七八九])?(?![{_NOT_TENTHS}])", _tenths),
    "discount": (f"折(?![{_NOT_DISCOUNT}])", _discount),
    "multiple": ("倍(?P<multiple_half>半)?", _multiple),
}
