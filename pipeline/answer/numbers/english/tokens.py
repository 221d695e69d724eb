"""English text as tokens, each with its class (lexicon.py) and what it is worth."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pipeline.answer.numbers.english.lexicon import (
    CALENDAR,
    CLASSES,
    MISSPELT_MONTHS,
    OTHERS,
    UNIT_WORDS,
    UNITS_ALONE,
)
from pipeline.answer.numbers.figures import Figure, figures
from pipeline.answer.numbers.quantity import Number

_TOKEN = re.compile(
    r"(?P<meridiem>[AaPp](?:\.[Mm]\b\.?|[Mm]\b))|(?P<clock>[Oo]['’][Cc]lock)|(?P<word>[A-Za-z]+)"
    r"|(?P<item>[①-⒛㈠-㈩])|(?P<mark>\S)"
)
_MARKS = {
    **dict.fromkeys("-‐‑–—−~", "-"),
    **{"%": "%", "％": "%", "‰": "‰", ",": ",", ":": ":", "/": "\\", "'": "'", "’": "'"},
}
_KINDS = {"meridiem": "m", "clock": "C"}
_ROMAN = re.compile(r"(?!I$)(?:X{1,3}|X{0,3}(?:IX|IV|V?I{1,3}|V))")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a figure or a mark; `worth` is what the word or figure is worth."""

    kind: str
    text: str
    start: int
    end: int
    worth: Number = 0
    figure: Figure | None = None


def tokens(text: str) -> list[Token]:
    """The tokens of a text, figures as one each."""
    found: list[Token] = []
    at = 0
    for figure in figures(text):
        found += map(_token, _TOKEN.finditer(text, at, figure.start))
        worth = figure.value or 0
        found.append(Token("F", figure.digits, figure.start, figure.end, worth, figure))
        at = figure.end
    found += map(_token, _TOKEN.finditer(text, at))
    return found


def _token(match: re.Match[str]) -> Token:
    kind, text = match.lastgroup or "", match[0]
    places = match.start(), match.end()
    if kind == "word":
        return _word(text, *places)
    if kind == "mark":
        return Token(_MARKS.get(text, "?"), text, *places)
    if kind == "item":
        return Token("I", text, *places, int(unicodedata.numeric(text)))
    return Token(_KINDS[kind], text, *places)


def _word(text: str, start: int, end: int) -> Token:
    lower = text.lower()
    month = CALENDAR.get(text) or MISSPELT_MONTHS.get(lower[:5])
    if month:
        return Token("M", lower, start, end, month)
    if entry := CLASSES.get(lower):
        return Token(entry[0], lower, start, end, entry[1])
    if lower in UNITS_ALONE:
        return Token("D", lower, start, end, UNITS_ALONE[lower])
    if lower in UNIT_WORDS:
        return Token("U", lower, start, end)
    if lower in OTHERS:
        return Token("W", lower, start, end)
    if text[0] in _ROMAN_DIGITS and _ROMAN.fullmatch(text):
        return Token("R", text, start, end, _roman(text))
    return Token("w", lower, start, end)


def _roman(numeral: str) -> int:
    worths = [_ROMAN_DIGITS[digit] for digit in numeral]
    pairs = zip(worths, [*worths[1:], 0], strict=True)
    return sum(-worth if worth < following else worth for worth, following in pairs)
