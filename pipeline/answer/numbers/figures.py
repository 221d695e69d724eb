"""Numbers in ASCII digits, which both languages write alike.

    figure  = digits [power] | "1,234,567.8" | "0.05" | ".5" | [digits] "½"
    power   = superscript digits | "^" digits | "×10" power

A run of digits, commas and points is read once: it is one number if its commas part groups of three
digits and it has one point at most, and otherwise several numbers in a row.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from pipeline.answer.numbers.quantity import MOST_DIGITS, Number, number

_VULGAR = re.compile(r"[¼-¾⅐-⅞]")
_RUN = re.compile(rf"(?:(?<![0-9A-Za-z])\.)?[0-9](?:[0-9,.]*[0-9])?|{_VULGAR.pattern}")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−", "0123456789-+-")
_EXPONENT = r"(?:[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}|\^[-−+]?[0-9]{1,2})(?![0-9⁰¹²³⁴⁵⁶⁷⁸⁹])"
_POWER = re.compile(rf"(?: ?[×xX·*] ?(?P<base>10))?(?P<exponent>{_EXPONENT})")
_LARGEST_BASE = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in digits from `start` to `end`.

    `written` stands for it in English, `digits` is that without commas, `value` None where the row
    is too long to be an amount. A `spelt` one has Chinese digits; a `loose` one may be no number.
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
    """The figures of a text, in order."""
    found: list[Figure] = []
    end = 0
    for run in _RUN.finditer(text):
        if run.start() < end:  # part of a power
            continue
        end = run.start()
        for digits in _numbers(run[0]):
            found.append(_figure(text, text.index(digits, end), digits))
            end = found[-1].end
    return found


def _numbers(run: str) -> list[str]:
    """The run as one number, or as several."""
    if run.isdecimal() or _GROUPED.fullmatch(run):
        return [run]
    numbers: list[str] = []
    for part in run.split(","):
        numbers += [part] if part.count(".") < 2 else part.split(".")
    return [digits for digits in (part.rstrip(".") for part in numbers) if digits]


def _figure(text: str, start: int, written: str) -> Figure:
    end = start + len(written)
    value = _value(written.replace(",", ""))
    if value is None:
        return Figure(start, end, written, None)
    if vulgar := _VULGAR.match(text, end):
        value += _vulgar(vulgar[0])
        return Figure(start, vulgar.end(), text[start : vulgar.end()], value)
    power = _POWER.match(text, end)
    if power and (power["base"] or value <= _LARGEST_BASE):
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
