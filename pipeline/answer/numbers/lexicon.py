"""What English words are to the grammar of numbers: a class of one character, and a worth.

| class | words | class | words |
|---|---|---|---|
| 0 u 1 t T | zero; one; two …; ten …; twenty … | % g r c i b s | percent; percentage; per; cent; mille; basis; points |
| h k d | hundred; thousand …; dozen | U x | units; times, fold |
| o e y N | first …; tenth …; twentieth …; thirds … | m C p l | a.m.; o'clock; past; to |
| H K | hundredth; thousandth … | j f | in, out; of |
| / q | half; quarter | + z D O | minus; below; decade; off |
| a & . | a; and; point | M W | months; both, double … |
| L S | letters after a figure: k, bn; the s of "1980s" | R | Roman numerals |

"w" is any other word, "F" a figure; marks stand for themselves.
"""

from __future__ import annotations

import re
from fractions import Fraction

from pipeline.answer.numbers.quantity import Number, Value, percent
from pipeline.answer.numbers.written import MONTHS

_words = re.compile(r"\S+").findall
_ONES = _words("one two three four five six seven eight nine")
_TEENS = _words("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _words("first second third fourth fifth sixth seventh eighth ninth")
_TEENTHS = _words(
    "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_LETTERS = {
    **{"k": 10**3, "m": 10**6, "mn": 10**6, "mln": 10**6, "b": 10**9, "bn": 10**9, "bln": 10**9},
    **{"tn": 10**12, "trn": 10**12, "t": 10**12},
}
CLASSES: dict[str, tuple[str, Number]] = {
    **{word: ("1", worth) for worth, word in enumerate(_ONES, start=1)},
    "one": ("u", 1),
    **{word: ("0", 0) for word in ("zero", "nil", "nought", "naught", "oh")},
    **{word: ("t", worth) for worth, word in enumerate(_TEENS, start=10)},
    **{word: ("T", worth * 10) for worth, word in enumerate(_TENS, start=2)},
    **{word: ("o", worth) for worth, word in enumerate(_ORDINALS, start=1)},
    **{word: ("e", worth) for worth, word in enumerate(_TEENTHS, start=10)},
    **{
        f"{word}s": ("N", worth)
        for worth, word in enumerate([*_ORDINALS, *_TEENTHS], start=1)
        if worth > 2
    },
    **{f"{word[:-1]}ieth": ("y", worth * 10) for worth, word in enumerate(_TENS, start=2)},
    **{f"{word[:-1]}ieths": ("N", worth * 10) for worth, word in enumerate(_TENS, start=2)},
    **{"hundred": ("h", 100), "hundredth": ("H", 100), "hundredths": ("N", 100)},
    **{word: ("k", worth) for word, worth in _LARGE.items()},
    **{f"{word}th": ("K", worth) for word, worth in _LARGE.items()},
    **{f"{word}ths": ("N", worth) for word, worth in _LARGE.items()},
    **{f"{word}s": ("k", worth) for word, worth in _LARGE.items()},
    **{
        "hundreds": ("h", 100),
        "dozens": ("d", 12),
        "dozen": ("d", 12),
        "half": ("/", 2),
        "halves": ("N", 2),
    },
    **dict.fromkeys(("quarter", "quarters"), ("q", 4)),
    **dict.fromkeys(("a", "an"), ("a", 1)),
    **{"and": ("&", 0), "point": (".", 0), "points": ("s", 0), "basis": ("b", 0)},
    **dict.fromkeys(("percent", "pct"), ("%", 0)),
    **{
        "percentage": ("g", 0),
        "per": ("r", 0),
        "cent": ("c", 0),
        "mille": ("i", 0),
        "mil": ("i", 0),
    },
    **dict.fromkeys(("off", "discount", "discounts"), ("O", 0)),
    **dict.fromkeys(("times", "fold"), ("x", 0)),
    **dict.fromkeys(("past", "after"), ("p", 0)),
    **dict.fromkeys(("to", "till", "before"), ("l", 0)),
    **{"in": ("j", 0), "out": ("j", 0), "of": ("f", 0), "or": ("v", 0), "through": ("v", 0)},
    **dict.fromkeys(("minus", "negative"), ("+", 0)),
    **dict.fromkeys(("below", "subzero"), ("z", 0)),
    **{word: ("L", worth) for word, worth in _LETTERS.items()},
    **{"st": ("n", 0), "nd": ("n", 0), "rd": ("n", 0), "th": ("n", 0), "s": ("S", 0)},
}
FALLS = frozenset(
    _words(
        "fell fall falls falling fallen drop drops dropped dropping decline declines declined declining decrease"
        " decreased decreases decreasing down shrank shrink shrunk shrinking contracted contraction lost loss losses"
        " lose losing reduced reduction cut cuts deficit worse lower lowered minus negative below less slump slumped"
        " plunged tumbled slid dipped sank"
    )
)
UNIT_WORDS = {
    **{
        word + ending: unit
        for unit, words in {
            "second": ["sec"],
            "minute": ["minute", "min"],
            "hour": ["hour", "hr"],
            "day": ["day"],
            "week": ["week"],
            "month": ["month"],
            "year": ["year", "yr"],
            "mm": ["millimeter", "millimetre"],
            "cm": ["centimeter", "centimetre"],
            "m": ["meter", "metre"],
            "km": ["kilometer", "kilometre"],
            "mg": ["milligram"],
            "g": ["gram"],
            "kg": ["kilogram", "kilo"],
            "tonne": ["tonne", "ton"],
        }.items()
        for word in words
        for ending in ("", "s")
    },
    **{"second": "second", "seconds": "second", "h": "hour"},
    **{"decades": "decade", "centuries": "century", "fortnights": "fortnight"},
    **{"decade": "decade", "century": "century", "fortnight": "fortnight"},
    **{unit: unit for unit in ("mm", "cm", "m", "km", "mg", "g", "kg")},
}


def _fold(times: int) -> frozenset[Value]:
    """Twofold is 2, by 100 percent, and 200 percent."""
    return frozenset((times, percent((times - 1) * 100), percent(times * 100)))


OTHERS: dict[str, frozenset[Value]] = {
    **dict.fromkeys(
        ("both", "pair", "pairs", "couple", "twin", "twins", "duo", "dual", "biennial"),
        frozenset((2,)),
    ),
    **dict.fromkeys(("double", "doubled", "doubles", "doubling", "twofold", "twice"), _fold(2)),
    **dict.fromkeys(("triple", "tripled", "triples", "tripling", "threefold", "thrice"), _fold(3)),
    **dict.fromkeys(("quadruple", "quadrupled", "quadruples", "fourfold"), _fold(4)),
    **{
        f"{word}fold": _fold(worth)
        for worth, word in enumerate([*_ONES, *_TEENS], start=1)
        if worth > 4
    },
    **{"hundredfold": _fold(100), "thousandfold": _fold(1000)},
    **dict.fromkeys(
        ("trio", "trilogy", "tricycle", "tricycles", "triad", "triplets"), frozenset((3,))
    ),
    **{"quartet": frozenset((4,)), "quintet": frozenset((5,))},
    **dict.fromkeys(("noon", "midday"), frozenset((12, ("clock", 720)))),
    "midnight": frozenset((0, 12, 24, ("clock", 0))),
    **dict.fromkeys(("quarterfinal", "quarterfinals"), frozenset((Fraction(1, 4),))),
    **dict.fromkeys(("halve", "halved", "halving"), frozenset((Fraction(1, 2),))),
    **{
        word[:-1] + "ies": frozenset(
            (worth * 10, ("decade", worth * 10), ("decade", 1900 + worth * 10))
        )
        for worth, word in enumerate(_TENS, start=2)
    },
    **dict.fromkeys(("teens", "teen", "teenage", "teenager", "teenagers"), frozenset((10, 13))),
    **dict.fromkeys(("unit", "units"), frozenset()),
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
UNITS_ALONE = {"decade": 10, "century": 100, "fortnight": 14}  # that are numbers without one
