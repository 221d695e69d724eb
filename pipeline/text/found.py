"""Spans of a text that a translation must carry over, by kind."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What stands between sentences and belongs to none: the marks of JSON and code, the pipes of a
# table, a subtitle's line break. Spans of other kinds are words of the sentence that they stand in.
STRUCTURE = "structure"
TERM = "term"  # of a glossary

# What covers spans: no blank and no mark; the end of what a tag encloses; a blank that parts cells.
COVER, CLOSING_COVER, _GAP = "\uf8ff", "\uf8fe", "\t"

_OPENING_TAG = re.compile(
    r"<(?!(?:br|hr|img|input|link|meta|wbr)\b)[^/!?][^<>]*(?<!/)>|\[\**|\[[a-z]+(?:=[^\[\]]*)?\]|\{\\[^{}]*[^0{}]\}"
)
_CLOSING_TAG = re.compile(r"</.*|\[/.*|\**\].*|\{\\[^{}]*0\}", re.DOTALL)
_EMPHASIS = frozenset("*_~=")


@dataclass(frozen=True, slots=True)
class Found:
    """A span of a text that must not change, and what kind it is.

    A term of a glossary has what it must become in `said`.
    """

    start: int
    end: int
    kind: str
    said: str = ""


def within(found: Sequence[Found], start: int, end: int) -> Sequence[Found]:
    """Those that lie wholly in a range of the text."""
    first = bisect_left(found, start, key=lambda span: span.start)
    last = bisect_left(found, end, lo=first, key=lambda span: span.start)
    return (
        found[first : last - 1] if last > first and found[last - 1].end > end else found[first:last]
    )


def is_emphasis(tag: str) -> bool:
    """Whether a tag is a mark of Markdown that is the same at both ends."""
    return _EMPHASIS.issuperset(tag)


def sides(tags: Sequence[str]) -> list[str]:
    """For each tag or mark of emphasis whether it is the "opening" or "closing" one, or neither:
    "".
    """
    found, opened = [], set[str]()
    for tag in tags:
        if is_emphasis(tag):
            found.append("closing" if tag in opened else "opening")
            opened ^= {tag}
        elif _OPENING_TAG.fullmatch(tag):
            found.append("opening")
        else:
            found.append("closing" if _CLOSING_TAG.fullmatch(tag) else "")
    return found


def covered(text: str, found: Sequence[Found]) -> str:
    """The text, as long as it was, without the marks and line ends inside of spans."""
    side = iter(sides([text[span.start : span.end] for span in found if span.kind == "tag"]))
    pieces, at = [], 0
    for span in found:
        cover = _GAP if span.kind == STRUCTURE else COVER
        if span.kind == "tag" and next(side) == "closing":
            cover = CLOSING_COVER
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
