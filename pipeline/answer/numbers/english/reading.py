"""The numbers of an English text, each read alone.

    number   = [sign] amount [suffix] | figure ":" figure | figure "/" figure | word
    sign     = "-" | "−" | "minus" | "negative"
    word     = "both" | "double" | "noon" | "March" | "XIV" | "decade" | "②" …

amounts.py and suffixes.py go on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.answer.numbers.english.amounts import AMOUNT, amounts
from pipeline.answer.numbers.english.lexicon import FALLS, OTHERS, UNIT_WORDS
from pipeline.answer.numbers.english.suffixes import (
    KINDS,
    SUFFIX,
    Convert,
    converter,
    itself,
    times,
)
from pipeline.answer.numbers.english.tokens import Token, tokens
from pipeline.answer.numbers.quantity import LONG_ROW, UNITS, Kind, Number, Value, measured

_NUMBER = re.compile(rf"(?P<pair>F:F(?::F)?|F\\F(?:\\F)?)|{AMOUNT}|(?P<word>[WMRID])")
_FALL_BEFORE, _FALL_AFTER = 6, 4  # tokens


@dataclass(slots=True)
class Said:
    """A number of a text, from its first token to the one before `end`.

    `amount` is it without its unit, `worth` without its scale as well; `shared` gives the values of
    another count with the same scale and unit. A word has no amount.
    """

    start: int
    end: int
    values: set[Value]
    kind: Kind = Kind.AMOUNT
    amount: Number | None = None
    worth: Number | None = None
    shared: Convert | None = None


class Reading:
    """A text's tokens, their classes in one string, and its numbers."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.kinds = "".join(token.kind for token in self.tokens)
        self.numbers: list[Said] = []
        at = 0
        while match := _NUMBER.search(self.kinds, at):
            at = max(match.end(), match.start() + 1)
            if said := self._number(match):
                self.numbers.append(said)
                at = said.end

    def _number(self, match: re.Match[str]) -> Said | None:
        start, end = match.span()
        if match["word"]:
            return Said(start, end, set(_word(self.tokens[start])))
        if match["pair"]:
            glued = all(a.end == b.start for a, b in pairwise(self.tokens[start:end]))
            one = self._amount(start, start + 1, [self.tokens[start].worth], 1)
            return self._pair(start, end) if glued else one
        worths = amounts(match, self.tokens)
        last = self.tokens[end - 1]
        scaled = match["count"] and last.kind in "kLhd" and end - start > 1
        said = self._amount(start, end, worths, last.worth if scaled else 1) if worths else None
        if said and match["ordinal"]:
            said.kind = Kind.ORDINAL
        return said

    def _amount(self, start: int, end: int, worths: list[Number], scale: Number) -> Said:
        suffix = SUFFIX.match(self.kinds, end)
        convert = suffix and converter(suffix, self.tokens[start:end], self.tokens)
        if not (suffix and convert):
            suffix, convert = None, itself
        values = {value for worth in worths for value in convert(worth)}
        said = Said(start, suffix.end() if suffix else end, values, amount=worths[0])
        said.worth = Fraction(worths[0]) / scale
        if suffix:
            said.kind = KINDS.get(suffix.lastgroup or "", Kind.AMOUNT)
        if suffix or scale != 1:
            said.shared = lambda worth: convert(worth * scale)
        elif self.kinds[start:end] == "F":
            self._alone(said)
        self._sign(said)
        return said

    def _alone(self, said: Said) -> None:
        """A figure that nothing follows may be an entry's number or a row of digits."""
        token = self.tokens[said.start]
        if token.figure and token.figure.value is None:
            said.values, said.worth = set(), None
        if len(token.text) > LONG_ROW:
            said.values.add(("digits", token.text))
        before, after = (
            self.text[token.start - 1 : token.start],
            self.text[token.end : token.end + 1],
        )
        if before in ("(", "#") or after in (")", "."):
            said.values.add(("item", token.worth))

    def _pair(self, start: int, end: int) -> Said:
        """ "16:30", "9:30:15", "2/3" and "3/15/2024"."""
        figures = self.tokens[start:end:2]
        worths = [figure.worth for figure in figures]
        if self.kinds[start + 1] != ":":
            quotient = Fraction(worths[0]) / worths[1] if len(worths) == 2 and worths[1] else 0
            return Said(start, end, {*worths, quotient}, Kind.FRACTION)
        ratio: Value = ("ratio", ":".join(figure.text for figure in figures))
        hour, minutes = worths[:2]
        if not (len(worths) == 2 == len(figures[1].text) and hour in range(25)):
            return Said(start, end, {ratio, *worths}, Kind.RATIO)
        suffix = SUFFIX.match(self.kinds, end)
        if suffix and suffix["clock"]:
            meridiem = self.tokens[suffix.start("clock")].text
            return Said(start, suffix.end(), times(int(hour), int(minutes), meridiem), Kind.TIME)
        clock = times(int(hour), int(minutes), "") if minutes in range(60) else set(worths)
        return Said(start, end, {ratio, *clock}, Kind.TIME)

    def _sign(self, said: Said) -> None:
        """Makes the values negative, or both where the words around leave it open."""
        before = self.tokens[max(said.start - _FALL_BEFORE, 0) : said.start]
        after = self.tokens[said.end : said.end + _FALL_AFTER]
        negative = {_negative(value) for value in said.values}
        either = len(before) > 1 and before[-2].kind in "v\\"  # plus or minus
        if before and self._is_minus(before[-1], said.start) and not either:
            said.values = negative
        elif any(token.text in FALLS for token in (*before, *after)):
            said.values |= negative

    def _is_minus(self, mark: Token, at: int) -> bool:
        """Whether a dash, or a word, before the token is a minus."""
        if mark.kind != "-":
            return mark.kind == "+"
        before = self.text[mark.start - 1 : mark.start]
        range_of_figures = at > 1 and self.kinds[at - 2] == "F"
        apart = before.isalnum() or before in (")", "-", "/", "+")
        return mark.end == self.tokens[at].start and not (range_of_figures or (before and apart))


def _word(token: Token) -> frozenset[Value]:
    if token.kind == "W":
        return OTHERS[token.text]
    if token.kind == "M":
        return frozenset((("calendar", token.worth),))
    if token.kind == "D":
        return measured(1, UNITS[UNIT_WORDS[token.text]]) | {token.worth}
    if token.kind == "I":
        return frozenset((("item", token.worth), token.worth))
    return frozenset((token.worth,))


def _negative(value: Value) -> Value:
    if not isinstance(value, tuple):
        return -value
    dimension, worth = value
    return (dimension, -worth) if dimension == "%" and not isinstance(worth, str) else value
