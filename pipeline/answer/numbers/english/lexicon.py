"""What English words are to the grammar of numbers: a class of one character, and a worth.

| class | words | class | words |
|---|---|---|---|
| 0 u 1 t T | zero; one; two …; ten …; twenty … | % g r c i b s | percent; percentage; per; cent; mille; basis; points |
| h k d | hundred; thousand …; dozen | U D x | units; decade, century; times, fold |
| o e y N | first …; tenth …; twentieth …; thirds … | m C p l | a.m.; o'clock; past; to |
| H K | hundredth; thousandth … | j f v | in, out; of; or |
| / q | half; quarter | + z O | minus; below; off |
| a & . | a; and; point | M W R I | months; both, double …; XIV; ① |
| L S n | letters after a figure: k, bn; the s of "1980s"; th | F w | figures; other words |

Marks stand for themselves, dashes for "-" and slashes for a backslash; "?" is any other mark.
"""  # noqa: E501  # the table's rows

from __future__ import annotations

import re
from fractions import Fraction

from pipeline.answer.numbers.quantity import NOON, Number, Value, percent
from pipeline.answer.numbers.written import MONTHS

_words = re.compile(r"\S+").findall

_ONES = _words("one two three four five six seven eight nine")
_TEENS = _words("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_LETTERS = {
    **{"k": 10**3, "m": 10**6, "mn": 10**6, "mln": 10**6, "b": 10**9, "bn": 10**9, "bln": 10**9},
    **{"t": 10**12, "tn": 10**12, "trn": 10**12},
}
_FUNCTIONS = {
    **{"a": "a an", "&": "and", ".": "point", "s": "points", "b": "basis", "%": "percent pct"},
    **{"g": "percentage", "r": "per", "c": "cent", "i": "mille mil", "O": "off discount discounts"},
    **{"x": "times fold", "p": "past after", "l": "to till before", "j": "in out", "f": "of"},
    **{"v": "or through", "+": "minus negative", "z": "below subzero", "n": "st nd rd th"},
    **{"S": "s", "0": "zero nil nought naught oh"},
}
CLASSES: dict[str, tuple[str, Number]] = {
    **{word: (kind, 0) for kind, words in _FUNCTIONS.items() for word in _words(words)},
    **{word: ("1", worth) for worth, word in enumerate(_ONES, start=1)},
    **{word: ("t", worth) for worth, word in enumerate(_TEENS, start=10)},
    **{word: ("T", worth * 10) for worth, word in enumerate(_TENS, start=2)},
    **{word: ("o" if worth < 10 else "e", worth) for worth, word in enumerate(_ORDINALS, start=1)},
    **{f"{word}s": ("N", worth) for worth, word in enumerate(_ORDINALS, start=1) if worth > 2},
    **{f"{word[:-1]}ieth": ("y", worth * 10) for worth, word in enumerate(_TENS, start=2)},
    **{f"{word[:-1]}ieths": ("N", worth * 10) for worth, word in enumerate(_TENS, start=2)},
    **{word + plural: ("k", worth) for word, worth in _LARGE.items() for plural in ("", "s")},
    **{f"{word}th": ("K", worth) for word, worth in _LARGE.items()},
    **{f"{word}ths": ("N", worth) for word, worth in _LARGE.items()},
    **{word: ("L", worth) for word, worth in _LETTERS.items()},
    **dict.fromkeys(("hundred", "hundreds"), ("h", 100)),
    **{"hundredth": ("H", 100), "hundredths": ("N", 100)},
    **dict.fromkeys(("dozen", "dozens"), ("d", 12)),
    **dict.fromkeys(("quarter", "quarters"), ("q", 4)),
    **{"one": ("u", 1), "half": ("/", 2), "halves": ("N", 2)},
}

# Words beside which a number may be said without its minus ("a loss of 3 million").
FALLS = frozenset(
    _words(
        "fell fall falls falling fallen drop drops dropped dropping decline declines declined"
        " declining decrease decreased decreases decreasing down shrank shrink shrunk shrinking"
        " contracted contraction lost loss losses lose losing reduced reduction cut cuts deficit"
        " worse lower lowered minus negative below less slump slumped plunged tumbled slid dipped"
        " sank"
    )
)
_UNITS = {
    **{"second": "sec secs second seconds", "minute": "minute minutes min mins", "day": "day days"},
    **{"hour": "hour hours hr hrs h", "week": "week weeks", "month": "month months"},
    **{"year": "year years yr yrs", "decade": "decade decades", "century": "century centuries"},
    **{"fortnight": "fortnight fortnights", "m": "m meter meters metre metres"},
    **{"mm": "mm millimeter millimeters millimetre millimetres", "mg": "mg milligram milligrams"},
    **{"cm": "cm centimeter centimeters centimetre centimetres", "g": "g gram grams"},
    **{"km": "km kilometer kilometers kilometre kilometres", "tonne": "ton tons tonne tonnes"},
    **{"kg": "kg kilo kilos kilogram kilograms"},
}
UNIT_WORDS = {word: unit for unit, words in _UNITS.items() for word in _words(words)}
UNITS_ALONE = {"decade": 10, "century": 100, "fortnight": 14}  # numbers without a number


def _fold(times: int) -> frozenset[Value]:
    """Twofold is 2, by 100 percent, and 200 percent."""
    return frozenset((times, percent((times - 1) * 100), percent(times * 100)))


_COUNTS = {
    2: "both pair pairs couple couples twin twins duo dual biennial",
    **{3: "trio triad trilogy triplets tricycle tricycles", 4: "quartet", 5: "quintet"},
}
_MULTIPLES = {
    2: "double doubled doubles doubling twofold twice",
    3: "triple tripled triples tripling threefold thrice",
    4: "quadruple quadrupled quadruples quadrupling fourfold",
    **{worth: f"{word}fold" for worth, word in enumerate([*_ONES, *_TEENS], start=1) if worth > 4},
    **{100: "hundredfold", 1000: "thousandfold"},
}
OTHERS: dict[str, frozenset[Value]] = {
    **{word: frozenset((n,)) for n, words in _COUNTS.items() for word in _words(words)},
    **{word: _fold(n) for n, words in _MULTIPLES.items() for word in _words(words)},
    **dict.fromkeys(("noon", "midday"), frozenset((12, ("clock", NOON)))),
    "midnight": frozenset((0, 12, 24, ("clock", 0))),
    **dict.fromkeys(("quarterfinal", "quarterfinals"), frozenset((Fraction(1, 4),))),
    **dict.fromkeys(("halve", "halved", "halving"), frozenset((Fraction(1, 2),))),
    **dict.fromkeys(_words("teens teen teenage teenager teenagers"), frozenset((10, 13))),
    **{
        f"{word[:-1]}ies": frozenset((n * 10, ("decade", n * 10), ("decade", 1900 + n * 10)))
        for n, word in enumerate(_TENS, start=2)
    },
}
CALENDAR = {
    **{name: month for month, name in enumerate(MONTHS, start=1)},
    **{name[:3]: month for month, name in enumerate(MONTHS, start=1)},
    "Sept": 9,
}
MISSPELT_MONTHS = {
    name[:5].lower(): month
    for month, name in enumerate(MONTHS, start=1)
    if len(name) > len("August")
}
