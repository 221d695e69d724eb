"""What may be wrong with a translated sentence: the warnings, by the names they carry in answers.

1. "empty": nothing was left, or nothing but protected spans; the source text stands in its place;
2. "copied": it is the source, or mostly Chinese;
3. "protected": a span of text/protect.py is missing, doubled or out of order;
4. "truncated": it reached the longest length before it was finished;
5. "loop": it repeated itself, and the repetitions were taken out;
6. "chinese": Chinese characters are left in it;
7. "short", "long": it is far shorter or far longer than its source;
8. "numbers": a number of the source is missing, or a figure came out of nowhere;
9. "words": a Latin word of the source is missing;
10. "marks": a bracket or a quotation has one side only, or a mark of the source's markup is lost;
11. "signs": a sign of the source is missing, or a sign or letter came out of nowhere;
12. "unknown": it held the unknown symbol, which was taken out;
13. "rare": the source has a character that the model cannot read;
14. "unchecked": a check failed itself, so that nothing is known.

A request has "split" beside these, where a sentence was too long to be translated at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Fault(StrEnum):
    """The names of the warnings."""

    EMPTY = "empty"
    COPIED = "copied"
    PROTECTED = "protected"
    TRUNCATED = "truncated"
    LOOP = "loop"
    CHINESE = "chinese"
    SHORT = "short"
    LONG = "long"
    NUMBERS = "numbers"
    WORDS = "words"
    MARKS = "marks"
    SIGNS = "signs"
    UNKNOWN = "unknown"
    RARE = "rare"
    UNCHECKED = "unchecked"


SEVERITY = {
    Fault.EMPTY: 32,
    Fault.COPIED: 24,
    Fault.PROTECTED: 16,
    Fault.TRUNCATED: 8,
    Fault.LOOP: 6,
    Fault.CHINESE: 6,
    Fault.UNCHECKED: 5,
    Fault.NUMBERS: 5,
    Fault.SHORT: 4,
    Fault.LONG: 3,
    Fault.WORDS: 3,
    Fault.SIGNS: 2,
    Fault.MARKS: 2,
    Fault.UNKNOWN: 2,
    Fault.RARE: 1,
}


def severity(faults: Iterable[str]) -> int:
    """How bad a translation with these faults is: the sum of theirs."""
    return sum(SEVERITY[Fault(name)] for name in faults)
