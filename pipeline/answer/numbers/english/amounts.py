"""What English number words and figures are worth, their suffixes apart.

    amount   = count ["and" part] [scale] | fraction | ordinal
    part     = "a half" | "a quarter" | count "quarters"
    count    = figure {"hundred" | "dozen"} [scale | letters] | words | words "point" digits
    words    = {hundreds scale} [hundreds]        hundreds = [below 100 "hundred" ["and"]] below 100
    fraction = ["a" | count] ("half" | "quarter" | ordinal) ["of a" scale] | "half" ["a"] scale

The expression runs over the classes of the tokens (lexicon.py), one character each, so that an
amount has few characters however long its figures are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from pipeline.answer.numbers.english.tokens import Token
from pipeline.answer.numbers.quantity import Number

_BELOW_100 = "(?:T(?:-?[1u])?|t|0?-?[1u])"
_HUNDREDS = f"(?:(?:{_BELOW_100}|a)-?h(?:-?&?-?{_BELOW_100})?|{_BELOW_100}|h)"
_LINK = f"(?:,?&?(?=a?-?h|{_BELOW_100}))?"
_WORDS = f"(?:(?:{_HUNDREDS}|a)-?k{_LINK}|k){{0,4}}(?:{_HUNDREDS})?"
_ORDINAL = (
    f"(?:(?:{_HUNDREDS}|a)-?k{_LINK}){{0,4}}(?:(?:{_BELOW_100}|a)?-?h-?&?-?)?(?:T-?o|[oey])"
    f"|(?:{_BELOW_100}|a|F)?-?[HK]"
)
_SPELT_DECIMAL = rf"(?:{_BELOW_100}|0)(?P<point>\.)[0u1](?:-?[0u1]){{0,12}}(?:-?k)?"
_COUNT = (
    f"{_SPELT_DECIMAL}|F(?:-?[hd])?(?:-?[kL])?|(?:a-?)?d"
    f"|(?=[Tt1uhk]|0-?[1u]|a-?[hk]){_WORDS}(?:-?d)?|0"
)
AMOUNT = (
    "(?P<half>[/q])(?:f?a?|-)(?P<scaled>[khd])"
    f"|(?P<part>(?:(?:a|F|{_BELOW_100})-?)?(?P<denominator>[/q])|[au]-?(?P<single>[oeyKH])"
    f"|(?:F|{_BELOW_100})-?(?P<plural>N))(?P<of>fa?-?[khd])?"
    f"|(?P<ordinal>{_ORDINAL})"
    f"|(?P<count>{_COUNT})"
    "(?P<more>-?&-?(?:a-?(?P<more_part>[/q])|(?P<more_count>[1uF])-?(?P<more_plural>[qN])))?"
    "(?P<more_scale>-?[kd])?"
    "|(?P<one>a(?=-?[ULD]))"
)
_MAY_BE_UNITS = frozenset(("m", "b", "t"))


def amounts(match: re.Match[str], tokens: Sequence[Token]) -> list[Number]:
    """What an amount may be worth; nothing where its words are no number."""
    if match["one"]:  # an hour
        return [1]
    if match["half"]:  # half a million
        return [Fraction(_at(match, "scaled", tokens)) / _at(match, "half", tokens)]
    if match["part"]:
        return _parts(match, tokens)
    if match["ordinal"]:
        return [worth_of(tokens[slice(*match.span())])]
    count = tokens[slice(*match.span("count"))]
    if count[0].kind in "hkd" and count[0].text.endswith("s"):  # hundreds of …
        return []
    worths = _counts(match, count)
    if match["more"]:
        scale = count[-1].worth if count[-1].kind in "kd" else 1  # a million and a half
        worths = [worth + _more(match, tokens) * scale for worth in worths]
    if match["more_scale"]:
        scale = tokens[match.end("more_scale") - 1].worth
        worths = [worth * scale for worth in worths]
    return worths


def worth_of(words: Sequence[Token]) -> Number:
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


def _at(match: re.Match[str], group: str, tokens: Sequence[Token]) -> Number:
    return tokens[match.start(group)].worth


def _more(match: re.Match[str], tokens: Sequence[Token]) -> Number:
    """The half of "two and a half"."""
    if match["more_part"]:
        return Fraction(1) / _at(match, "more_part", tokens)
    return Fraction(_at(match, "more_count", tokens)) / _at(match, "more_plural", tokens)


def _parts(match: re.Match[str], tokens: Sequence[Token]) -> list[Number]:
    """Fractions; "a third" may be an ordinal."""
    group = next(name for name in ("denominator", "single", "plural") if match[name])
    parts = _at(match, group, tokens)
    counted = tokens[match.start() : match.start(group)]
    scale = tokens[match.end() - 1].worth if match["of"] else 1
    fraction = Fraction(worth_of(counted) or 1) * scale / parts
    if group != "single":
        return [fraction]
    ordinal = counted[0].kind == "a" or parts == 2
    return [*([fraction] if parts > 2 else []), *([parts] if ordinal else [])]


def _counts(match: re.Match[str], count: Sequence[Token]) -> list[Number]:
    """What a count may be worth: its last letter may be a unit."""
    if match["point"]:
        return [_decimal(count)]
    worth, last = worth_of(count), count[-1]
    return [worth, count[0].worth] if last.kind == "L" and last.text in _MAY_BE_UNITS else [worth]


def _decimal(words: Sequence[Token]) -> Number:
    """ "two point five million"."""
    point = next(at for at, token in enumerate(words) if token.kind == ".")
    scale = words[-1].worth if words[-1].kind == "k" else 1
    digits = "".join(str(token.worth) for token in words[point:] if token.kind in "0u1")
    return (worth_of(words[:point]) + Fraction(int(digits), 10 ** len(digits))) * scale
