"""Where a glossary's terms stand in a text, the longest first at each place.

Terms and text are compared in simplified characters; of two terms that are alike so, the one that
is spelt as the text is counts, else the first. A term wins over what else would be protected within
it, and yields to what it lies in or crosses: no term is looked for inside of an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.glossary import Entry
from pipeline.text.found import TERM, Found, merged
from pipeline.text.normalise import Normaliser

# Characters of words that blanks part: neither Chinese nor kana.
_LETTER = re.compile("[^\\W_\u2e80-\ua4cf\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]")
# How a number goes on behind its digits, or began before them.
_MORE = re.compile(r"[.,:/．：]?\d|[%％‰]| ?[十百千万亿]")
_BEFORE = re.compile(r"\d[.,:/．：]?\Z")


class Terms:
    """The terms of one glossary. Thread-safe."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._simplified = Normaliser().simplified
        self._glossary = tuple(entries)
        self._entries: dict[str, list[Entry]] = {}
        for entry in self._glossary:
            self._entries.setdefault(self._simplified(entry.source), []).append(entry)
        lengths: dict[str, set[int]] = {}
        for term in self._entries:
            lengths.setdefault(term[0], set()).add(len(term))
        # By first character, the longest first.
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def present(self, text: str) -> tuple[Entry, ...]:
        """The entries that the text may need, in the order of the glossary."""
        found = {entry for _, _, entry in self._matches(text, ())}
        return tuple(entry for entry in self._glossary if entry in found)

    def spans(self, text: str, found: Sequence[Found]) -> list[Found]:
        """`found` and the terms, in order and apart."""
        terms = [
            Found(start, end, TERM, entry.target)
            for start, end, entry in self._matches(text, found)
        ]
        return merged([*terms, *found]) if terms else list(found)

    def _matches(self, text: str, found: Sequence[Found]) -> Iterator[tuple[int, int, Entry]]:
        simplified = self._simplified(text)
        if len(simplified) != len(text):  # places would differ
            simplified = text
        at = next_span = 0
        while at < len(text):
            while next_span < len(found) and found[next_span].end <= at:
                next_span += 1
            if next_span < len(found) and found[next_span].start < at:
                at = found[next_span].end
                continue
            end = self._end(simplified, at, found[next_span : next_span + 1])
            if end:
                yield at, end, self._spelt(simplified[at:end], text[at:end])
            at = end or at + 1

    def _spelt(self, term: str, written: str) -> Entry:
        """The entry of a simplified term that is written as the text is; else the first."""
        entries = self._entries[term]
        return next((entry for entry in entries if entry.source == written), entries[0])

    def _end(self, text: str, start: int, after: Sequence[Found]) -> int:
        """Where the longest term that begins at `start` ends; 0 where none does."""
        for length in self._lengths.get(text[start], ()):
            end = start + length
            if end > len(text) or text[start:end] not in self._entries:
                continue
            if not _apart(text, start, end):
                continue
            if not after or end <= after[0].start or after[0].end <= end:
                return end
        return 0


def _apart(text: str, start: int, end: int) -> bool:
    """Whether neither a word of letters nor a number goes on at an edge."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if text[start].isdecimal() and _BEFORE.search(before):
        return False
    if text[end - 1].isdecimal() and _MORE.match(after):
        return False
    return not (
        (_LETTER.match(before[-1:]) and _LETTER.match(text[start]))
        or (_LETTER.match(text[end - 1]) and _LETTER.match(after))
    )
