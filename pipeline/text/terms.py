"""Where a glossary's terms stand in a text, the longest first at each place.

Terms and text are compared in simplified characters. A term wins over what else would be protected
within it, and yields to what it lies in or crosses: no term is looked for inside of an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipeline.glossary import Entry
from pipeline.text.found import TERM, Found, merged
from pipeline.text.normalise import Normaliser


class Terms:
    """The terms of one glossary. Thread-safe."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._simplified = Normaliser().simplified
        self._entries = {self._simplified(entry.source): entry for entry in entries}
        lengths: dict[str, set[int]] = {}
        for term in self._entries:
            lengths.setdefault(term[0], set()).add(len(term))
        # By first character, the longest first.
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def present(self, text: str) -> tuple[Entry, ...]:
        """The entries that the text may need, in the order of the glossary."""
        found = {entry for _, _, entry in self._matches(text, ())}
        return tuple(entry for entry in self._entries.values() if entry in found)

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
                yield at, end, self._entries[simplified[at:end]]
            at = end or at + 1

    def _end(self, text: str, start: int, after: Sequence[Found]) -> int:
        """Where the longest term that begins at `start` ends; 0 where none does."""
        for length in self._lengths.get(text[start], ()):
            end = start + length
            if text[start:end] not in self._entries or not _apart(text, start, end):
                continue
            if not after or end <= after[0].start or after[0].end <= end:
                return end
        return 0


def _apart(text: str, start: int, end: int) -> bool:
    """Whether no Latin word goes on at either edge."""
    return not (
        (_joins(text[start - 1 : start]) and _joins(text[start]))
        or (_joins(text[end - 1]) and _joins(text[end : end + 1]))
    )


def _joins(character: str) -> bool:
    return character.isascii() and character.isalnum()
