"""Spans of a text that a translation must carry over, by kind."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What stands between sentences and belongs to none: the marks of JSON and code, the pipes of a
# table, a subtitle's line break. Spans of other kinds are words of the sentence that they stand in.
STRUCTURE = "structure"

_WORD, _GAP = "\uf8ff", "\t"  # cover spans: one is no blank and no mark, the other parts cells


@dataclass(frozen=True, slots=True)
class Found:
    """A span of a text that must not change, and what kind it is."""

    start: int
    end: int
    kind: str


def within(found: Sequence[Found], start: int, end: int) -> Sequence[Found]:
    """Those that lie wholly in a range of the text."""
    first = bisect_left(found, start, key=lambda span: span.start)
    last = bisect_left(found, end, lo=first, key=lambda span: span.start)
    return (
        found[first : last - 1] if last > first and found[last - 1].end > end else found[first:last]
    )


def covered(text: str, found: Iterable[Found]) -> str:
    """The text, as long as it was, without the marks and line ends inside of spans."""
    pieces, at = [], 0
    for span in found:
        cover = _GAP if span.kind == STRUCTURE else _WORD
        pieces += [text[at : span.start], cover * (span.end - span.start)]
        at = span.end
    return "".join([*pieces, text[at:]]) if pieces else text


def merged(found: Iterable[Found]) -> list[Found]:
    """Spans in order, without those that lie in another one; structure that touches is joined.

    No two may overlap in part only.
    """
    spans: list[Found] = []
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        last = spans[-1] if spans else None
        if last and span.kind == last.kind == STRUCTURE and span.start <= last.end:
            spans[-1] = Found(last.start, max(last.end, span.end), STRUCTURE)
        elif not last or span.start >= last.end:
            spans.append(span)
    return spans
