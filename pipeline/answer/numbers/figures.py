"""Numbers written in digits: of ASCII in both languages, or of Chinese digits read one by one.

    figure  = digits [power] | "1,234,567.8" | "0.05" | ".5" | vulgar
    power   = superscript digits | "^" digits | "×10" power
    vulgar  = [digits] "½"
    row     = "二〇二六": three Chinese digits and more, or two of which one is a nought

A run of digits, commas and points is read once: it is one number if its commas part groups of three
digits and it has one point at most, and otherwise several numbers in a row.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from pipeline.answer.numbers.quantity import MOST_DIGITS, Number, number

_RUN = re.compile(r"(?:(?<![0-9A-Za-z])\.)?[0-9](?:[0-9,.]*[0-9])?|[¼-¾⅐-⅞]")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−", "0123456789-+-")
_EXPONENT = r"(?:[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}|\^[-−+]?[0-9]{1,2})(?![0-9⁰¹²³⁴⁵⁶⁷⁸⁹])"
_POWER = re.compile(rf"(?: ?[×xX·*] ?(?P<base>10))?(?P<exponent>{_EXPONENT})")
_LARGEST_BASE = 1000
_VULGAR = re.compile(r"[¼-¾⅐-⅞]")

CHINESE_DIGITS = {
    **{digit: worth for worth, digit in enumerate("〇一二三四五六七八九")},
    **{digit: worth for worth, digit in enumerate("零壹贰叁肆伍陆柒捌玖")},
}
_ROW = re.compile(f"[{''.join(CHINESE_DIGITS)}]{{2,}}")
_LARGE = "万亿萬億"
_UNITS = f"十百千拾佰仟{_LARGE}"
_SHORT_ROW = 4  # Chinese digits that may stand together and mean no number
_SPELT_YEAR = re.compile("1[89][0-9]{2}")
_COUNTING = "0123456789" * 2


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in digits from `start` to `end`.

    `written` stands for it in English, `digits` is that without commas, `value` None where it is too long a row to be an amount. A `loose`
    one may be no number at all ("三三两两").
    """

    start: int
    end: int
    written: str
    value: Number | None
    spelt: bool = False
    loose: bool = False

    @property
    def digits(self) -> str:
        return self.written.replace(",", "")

    @property
    def whole(self) -> bool:
        """Whether it is digits and nothing else."""
        return self.digits.isdecimal()


def figures(text: str) -> list[Figure]:
    """The figures in ASCII digits of a text, in order."""
    found: list[Figure] = []
    end = 0
    for run in _RUN.finditer(text):
        if run.start() < end:
            continue
        end = run.start()
        for digits in _numbers(run[0]):
            found.append(_figure(text, text.index(digits, end), digits))
            end = found[-1].end
    return found


def rows(text: str) -> list[Figure]:
    """The rows of Chinese digits of a text that are no parts of numerals with units, in order."""
    return [_row(row) for row in _ROW.finditer(text) if _is_row(text, row)]


def _numbers(run: str) -> list[str]:
    """The run as one number, or as several."""
    if _GROUPED.fullmatch(run) or run.isdecimal():
        return [run]
    numbers = []
    for part in run.split(","):
        whole, _, fraction = part.partition(".")
        numbers += part.split(".") if "." in fraction or not (whole or fraction) else [part]
    return [digits.rstrip(".") for digits in numbers if digits]


def _figure(text: str, start: int, written: str) -> Figure:
    end = start + len(written)
    digits = written.replace(",", "")
    value = _value(digits)
    if value is None:
        return Figure(start, end, written, None)
    if vulgar := _VULGAR.match(text, end):
        value += _vulgar(vulgar[0])
        return Figure(start, vulgar.end(), text[start : vulgar.end()], value)
    power = _POWER.match(text, end)
    if power and (power["base"] or abs(value) <= _LARGEST_BASE):
        return Figure(start, power.end(), text[start : power.end()], _raised(value, power))
    return Figure(start, end, written, value)


def _value(digits: str) -> Number | None:
    if _VULGAR.match(digits):
        return _vulgar(digits)
    if len(digits) > MOST_DIGITS:
        return None
    whole, _, fraction = digits.partition(".")
    return number(int(whole + fraction), 10 ** len(fraction))


def _vulgar(character: str) -> Fraction:
    return Fraction(unicodedata.numeric(character)).limit_denominator(10)


def _raised(value: Number, power: re.Match[str]) -> Number:
    """ "10⁸" and "3×10⁸"."""
    exponent = int(power["exponent"].lstrip("^").translate(_SUPERSCRIPTS))
    base = Fraction(10 if power["base"] else value)
    scale = base**exponent if base else base
    worth = value * scale if power["base"] else scale
    return number(worth.numerator, worth.denominator)


def _is_row(text: str, row: re.Match[str]) -> bool:
    before, after = text[row.start() - 1 : row.start()], text[row.end() : row.end() + 1]
    gap = row[0][0] in "零〇" and before and before in _UNITS  # the 零 of "一百零五"
    if gap or (len(row[0]) == 2 and not {"零", "〇"}.intersection(row[0])):
        return False
    return not (after and after in _UNITS and after not in _LARGE)


def _row(row: re.Match[str]) -> Figure:
    digits = "".join(str(CHINESE_DIGITS[character]) for character in row[0])
    worth = int(digits) if len(digits) <= MOST_DIGITS else None
    sure = "0" in digits or len(digits) > _SHORT_ROW or _SPELT_YEAR.fullmatch(digits)
    loose = not sure or (len(digits) < len(_COUNTING) and digits in _COUNTING)
    return Figure(row.start(), row.end(), digits, worth, spelt=True, loose=loose)
