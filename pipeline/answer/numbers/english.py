"""Numbers of English text: where they stand and what they are worth, rather too much than too little.

    number   = [sign] amount [suffix] | figure ":" figure | figure "/" figure | word
    amount   = count ["and" ("a half" | "a quarter" | count "quarters")] [scale] | fraction | ordinal
    count    = figure {"hundred" | "dozen"} [scale | letters] | words
    words    = {hundreds scale} [hundreds]        hundreds = [below 100 "hundred" ["and"]] below 100
    fraction = ["a" | count] ("half" | "quarter" | ordinal) ["of a" scale] | "half" ["a"] scale
    suffix   = "%" | "percent" | "points" | "‰" | unit ["and a half"] | "a.m." | "o'clock" | "s" | "fold"
    word     = "both" | "double" | "noon" | "March" | "XIV" | "②" …

The expression runs over the classes of the tokens (lexicon.py), one character each, so that a number
has few characters however long its figures are. What numbers mean together is in relations.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.answer.numbers.lexicon import FALLS, OTHERS, UNIT_WORDS, UNITS_ALONE
from pipeline.answer.numbers.quantity import LONG_ROW, UNITS, Number, Value, measured, percent
from pipeline.answer.numbers.tokens import Token, tokens

_HUNDRED = "(?:T(?:-?[1u])?|t|0?-?[1u])"  # below 100
_HUNDREDS = f"(?:(?:{_HUNDRED}|a)-?h(?:-?&?-?{_HUNDRED})?|{_HUNDRED}|h)"
_LINK = f"(?:,?&?(?=a?-?h|{_HUNDRED}))?"
_WORDS = f"(?:(?:{_HUNDREDS}|a)-?k{_LINK}|k){{0,4}}(?:{_HUNDREDS})?"
_ORDINAL = f"(?:(?:{_HUNDREDS}|a)-?k{_LINK}){{0,4}}(?:(?:{_HUNDRED}|a)?-?h-?&?-?)?(?:T-?o|[oey])"
_NUMBER = re.compile(
    r"(?P<pair>F:F(?::F)?|F\\F(?:\\F)?)"
    "|(?P<half>[/q])(?:f?a?|-)(?P<scaled>[khd])"
    f"|(?P<part>(?P<numerator>(?:(?:a|F|{_HUNDRED})-?)?)(?P<denominator>[/q])|(?:a|u)-?(?P<single>[oeyKH])"
    f"|(?P<several>F|{_HUNDRED})-?(?P<plural>N))(?P<of>fa?-?[khd])?"
    f"|(?P<ordinal>{_ORDINAL}|(?:{_HUNDRED}|a|F)?-?[HK])"
    f"|(?P<count>F(?:-?[hd])?(?:-?[kL])?|(?:a-?)?d|(?=[Tt1uhk]|0-?[1u]|a-?[hk]){_WORDS}(?:-?d)?|0)"
    "(?P<more>-?&-?(?:a-?(?P<more_part>[/q])|(?P<more_count>[1uF])-?(?P<more_plural>[qN])))?(?P<more_scale>-?[kd])?"
    "|(?P<one>a(?=-?[ULD]))|(?P<word>[WMRID])"
)
_SUFFIX = re.compile(
    "(?:fa|a)?(?P<percent>-?(?:%|rc))(?:-?(?P<off>O))?|(?P<points>(?:fa?|a)?-?g-?[s.]|-?s)|(?P<permille>‰|ri)|w?r(?P<parts>k)|(?P<basis>b[s.])"
    "|-?(?P<clock>[mC])|(?P<decade>'?S)|-?(?P<fold>x)|(?P<nth>n)"
    "|(?:f?a?|-)(?P<unit>[ULoD])(?:-?&-?a-?(?P<unit_part>[/q]))?"
)
_DAY = 24 * 60
_NOON = 12 * 60
_FALL_BEFORE, _FALL_AFTER = 6, 4  # tokens
_MAY_BE_UNITS = frozenset(("m", "b", "t"))


Convert = Callable[[Number], set[Value]]


@dataclass(slots=True)
class Said:
    """A number of a text, from its first token to the one before `end`.

    `amount` is it without its unit, `worth` without its scale; `shared` gives the values of another count with the same scale and unit.
    """

    start: int
    end: int
    values: set[Value]
    amount: Number | None = None
    worth: Number | None = None
    shared: Convert | None = None
    figure: bool = False
    clock: bool = False


class Reading:
    """The numbers of a text, each read alone."""

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

    def places(self, said: Said) -> tuple[int, int]:
        """Where a number stands in the text."""
        return self.tokens[said.start].start, self.tokens[said.end - 1].end

    def glued(self, start: int, end: int) -> bool:
        """Whether no blank parts the tokens."""
        run = self.tokens[start:end]
        return all(left.end == right.start for left, right in pairwise(run))

    def _number(self, match: re.Match[str]) -> Said | None:
        start, end = match.span()
        first = self.tokens[start]
        if match["word"]:
            return Said(start, end, set(_word(first)))
        if match["pair"] and self.glued(start, end):
            return self._pair(start, end)
        if match["pair"]:
            return self._amount(start, start + 1, [first.worth])
        worths = self._worths(match)
        if not worths:
            return None
        scale = self.tokens[end - 1] if match["count"] and self.kinds[end - 1] in "kLhd" else None
        return self._amount(start, end, worths, scale.worth if scale and end - start > 1 else 1)

    def _worths(self, match: re.Match[str]) -> list[Number]:
        """What the words of an amount may be worth; nothing where they are no number."""
        start, end = match.span()
        if match["one"]:
            return [1]
        if match["half"]:
            return [Fraction(self._at(match, "scaled").worth) / self._at(match, "half").worth]
        if match["part"]:
            return self._part(match)
        if match["ordinal"]:
            return [_worth(self.tokens[start:end])]
        count = self.tokens[slice(*match.span("count"))]
        if count[0].kind in "hkd" and count[0].text.endswith("s"):  # hundreds of …
            return []
        worths = _counts(count)
        if match["more"]:
            scale = count[-1].worth if count[-1].kind in "kd" else 1  # a million and a half
            worths = [worth + self._added(match) * scale for worth in worths]
        if match["more_scale"]:
            worths = [worth * self.tokens[match.end("more_scale") - 1].worth for worth in worths]
        return worths

    def _at(self, match: re.Match[str], group: str) -> Token:
        return self.tokens[match.start(group)]

    def _added(self, match: re.Match[str]) -> Fraction:
        """The half of "two and a half"."""
        if match["more_part"]:
            return Fraction(1, 1) / self._at(match, "more_part").worth
        return Fraction(self._at(match, "more_count").worth) / self._at(match, "more_plural").worth

    def _part(self, match: re.Match[str]) -> list[Number]:
        """Fractions in words; "a third" may be an ordinal."""
        group = "denominator" if match["denominator"] else "single" if match["single"] else "plural"
        parts = self._at(match, group).worth
        counted = self.tokens[match.start() : match.start(group)]
        numerator = _worth(counted) or 1
        scale = self.tokens[match.end() - 1].worth if match["of"] else 1
        worths: list[Number] = [Fraction(numerator) * scale / parts]
        if match["single"]:
            ordinal = [parts] if counted[0].kind == "a" or parts == 2 else []
            return [*(worths if parts > 2 else []), *ordinal]
        return worths

    def _amount(self, start: int, end: int, worths: list[Number], scale: Number = 1) -> Said:
        suffix = _SUFFIX.match(self.kinds, end)
        convert = self._converter(suffix, self.tokens[start:end])
        if convert is None:
            suffix, convert = None, _itself
        values = {value for worth in worths for value in convert(worth)}
        last = suffix.end() if suffix else end
        alone = end - start == 1 and self.kinds[start] == "F" and suffix is None
        if alone and self._is_item(start):
            values.add(("item", worths[0]))
        if alone and len(self.tokens[start].text) > LONG_ROW:
            values.add(("digits", self.tokens[start].text))
        written = self.kinds[start] == "F"
        said = Said(start, last, values, worths[0], Fraction(worths[0]) / scale, figure=written)
        if suffix or scale != 1:
            said.shared = lambda worth: convert(worth * scale)
        self._sign(said)
        return said

    def _converter(self, suffix: re.Match[str] | None, amount: list[Token]) -> Convert | None:
        """What a suffix makes of a number; None where it belongs to what follows."""
        if suffix is None:
            return _itself
        if suffix["unit"]:
            return self._measure(suffix)
        if suffix["decade"] and not (amount[-1].figure and suffix.end() - suffix.start() < 3):
            return None
        if suffix["clock"]:
            return _clock(amount, self._at(suffix, "clock").text)
        if suffix["parts"]:
            whole = self._at(suffix, "parts").worth
            return lambda worth: {Fraction(worth) / whole}
        if suffix["off"]:
            return _off
        return _CONVERTERS[suffix.lastgroup or ""]

    def _measure(self, suffix: re.Match[str]) -> Convert | None:
        token = self._at(suffix, "unit")
        if token.text not in UNIT_WORDS:
            return None
        unit = UNITS[UNIT_WORDS[token.text]]
        alone = UNITS_ALONE.get(token.text, 0)
        part = Fraction(1, 1) / self._at(suffix, "unit_part").worth if suffix["unit_part"] else 0
        return lambda worth: {
            *measured(worth + part, unit),
            *([alone * (worth + part)] if alone else []),
        }

    def _is_item(self, at: int) -> bool:
        token = self.tokens[at]
        return self.text[token.end : token.end + 1] in (")", ".") or self.text[
            token.start - 1 : token.start
        ] in ("(", "#")

    def _pair(self, start: int, end: int) -> Said:
        """ "16:30", "9:30:15", "2/3" and "3/15/2024"."""
        figures = self.tokens[start:end:2]
        values: set[Value] = set()
        if self.kinds[start + 1] == ":":
            values.add(("ratio", ":".join(figure.text for figure in figures)))
            hour, minutes = figures[0].worth, figures[1].worth
            if (
                len(figures) == 2
                and len(figures[1].text) == 2
                and hour in range(25)
                and minutes in range(60)
            ):
                suffix = _SUFFIX.match(self.kinds, end)
                meridiem = self._at(suffix, "clock").text if suffix and suffix["clock"] else ""
                end = suffix.end() if suffix and meridiem else end
                return Said(
                    start,
                    end,
                    values | _times(int(hour), int(minutes), meridiem),
                    figure=True,
                    clock=True,
                )
        elif len(figures) == 2 and figures[1].worth:
            values.add(Fraction(figures[0].worth) / figures[1].worth)
        return Said(start, end, values | {figure.worth for figure in figures}, figure=True)

    def _sign(self, said: Said) -> None:
        """Makes the values negative, or both where the words around leave it open."""
        before = self.tokens[max(said.start - _FALL_BEFORE, 0) : said.start]
        after = self.tokens[said.end : said.end + _FALL_AFTER]
        mark = before[-1] if before else None
        either = len(before) > 1 and before[-2].kind in "v\\"  # plus or minus
        minus = mark and (
            mark.kind == "+" or (mark.kind == "-" and self._is_minus(mark, said.start))
        )
        if minus and not either:
            said.values = {_negative(value) for value in said.values}
        elif any(token.text in FALLS for token in (*before, *after)):
            said.values |= {_negative(value) for value in said.values}

    def _is_minus(self, mark: Token, at: int) -> bool:
        before = self.text[mark.start - 1 : mark.start]
        follows_number = at > 1 and self.kinds[at - 2] == "F"
        return mark.end == self.tokens[at].start and not (
            follows_number or before.isalnum() or before in (")", "-", "/", "+")
        )


def _off(worth: Number) -> set[Value]:
    """ "20% off", which is not 20 percent of anything."""
    return {("off", Fraction(worth) / 100)}


def _itself(worth: Number) -> set[Value]:
    return {worth}


_CONVERTERS: dict[str, Convert] = {
    "percent": lambda worth: {percent(worth)},
    "points": lambda worth: {percent(worth), worth},
    "permille": lambda worth: {Fraction(worth) / 1000},
    "basis": lambda worth: {worth, Fraction(worth) / 10000},
    "decade": lambda worth: {("decade", worth), worth, worth % 100},
    "fold": lambda worth: {worth, percent(worth * 100), percent((worth - 1) * 100)},
    "nth": _itself,
}


def _clock(amount: list[Token], meridiem: str) -> Convert | None:
    """The time of day of "3 p.m.", "5.30pm" and "three o'clock"."""
    hours, _, minutes = amount[0].text.partition(".") if amount[0].figure else ("", "", "")
    late = int(minutes) if len(minutes) == 2 and minutes.isdecimal() else 0

    def convert(worth: Number) -> set[Value]:
        if worth // 1 not in range(25) or late >= 60:
            return {worth}
        return _times(int(worth), late, meridiem) | (
            {worth} if meridiem.lower().startswith("o") else set()
        )

    return convert


def _times(hour: int, minutes: int, meridiem: str) -> set[Value]:
    known = (hour * 60 + minutes) % _DAY
    half = meridiem[:1].lower()
    if half in ("a", "p"):
        return {("clock", known % _NOON + (_NOON if half == "p" else 0))}
    return {("clock", known), *([("clock", (known + _NOON) % _DAY)] if hour <= 12 else [])}


def _word(token: Token) -> frozenset[Value]:
    if token.kind == "M":
        return frozenset((("calendar", token.worth),))
    if token.kind == "D":
        unit = UNITS[UNIT_WORDS[token.text]]
        return measured(1, unit) | {token.worth}
    if token.kind == "I":
        return frozenset((("item", token.worth), token.worth))
    return OTHERS[token.text] if token.kind == "W" else frozenset((token.worth,))


def _counts(count: list[Token]) -> list[Number]:
    """What a figure with its scales, or words, may be worth; letters may be units."""
    worth = _worth(count)
    last = count[-1]
    if last.kind != "L":
        return [worth]
    plain = count[0].worth
    return [plain * last.worth, plain] if last.text in _MAY_BE_UNITS else [plain * last.worth]


def _worth(words: list[Token]) -> Number:
    """The worth of number words and figures in a row."""
    total: Number = 0
    part: Number = 0
    for token in words:
        if token.kind in "hHd":
            part = (part or 1) * token.worth
        elif token.kind in "kKL":
            total, part = total + (part or 1) * token.worth, 0
        elif token.kind in "F0u1tTeoy":
            part += token.worth
    return total + part


def _negative(value: Value) -> Value:
    if not isinstance(value, tuple):
        return -value
    kind, worth = value
    return (kind, -worth) if kind == "%" and not isinstance(worth, str) else value
