"""Numbers of English text: where they stand, and all that they may be worth.

    reading.py    numbers, each alone: signs, times, fractions, words
    amounts.py    what words and figures are worth        suffixes.py    what follows them
    relations.py  what numbers mean together              lexicon.py     the words

Certain are those that are part of no name and no idiom: figures but single digits, large words.
Everything takes time in proportion to the text.
"""

from __future__ import annotations

import re

from pipeline.answer.numbers.english.reading import Reading, Said
from pipeline.answer.numbers.english.relations import relate
from pipeline.answer.numbers.quantity import Kind, Quantity

_IN_A_NAME = re.compile(r"[A-Za-z0-9.:]$|[A-Za-z]-$")  # "COVID-19", "A320"
_SURE_WORD = 13


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text, in order, none overlapping."""
    reading = Reading(text)
    relate(reading)
    return [
        Quantity(
            reading.tokens[said.start].start,
            reading.tokens[said.end - 1].end,
            said.kind,
            frozenset(said.values),
            certain=_is_certain(reading, said),
        )
        for said in reading.numbers
    ]


def _is_certain(reading: Reading, said: Said) -> bool:
    first = reading.tokens[said.start]
    if said.amount is None and said.kind is not Kind.TIME:
        return False
    if _IN_A_NAME.search(reading.text[max(first.start - 2, 0) : first.start]):
        return False
    if first.kind == "F":
        return reading.tokens[said.end - 1].end - first.start > 1
    return said.amount is not None and said.amount >= _SURE_WORD and first.kind not in "hkd"
