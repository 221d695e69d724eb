"""Where the sentences of a document stand: document → lines → cells → sentences.

A sentence ends at 。！？ and their kin with the closing quotes after them, but not inside a short
quotation or bracket, an abbreviation, a number or a protected span.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal

from pipeline.text.found import CLOSING_COVER, Found, covered, is_emphasis, sides, within
from pipeline.text.lines import BLANK_RUN, after_markers, cells, lines, paragraphs, trimmed
from pipeline.text.normalise import BLANKS, CLOSING, OPENING
from pipeline.text.prepared import Span
from pipeline.text.stops import NO_START, PARTICLES, STOP, Stop, ends_sentence

# As API callers know it: lines and marks part sentences; each text is one; marks alone do, and
# lines that were wrapped are joined.
Splitting = Literal["on", "off", "nonewlines"]

SHORT = 40  # characters of a quotation or bracket that is not cut

QUOTES = '“‘「『"'
_PARTNER = dict(zip(CLOSING, OPENING, strict=True))
_BRACKET = re.compile(f'[{re.escape(OPENING + CLOSING)}"]')


def sentences(
    text: str, splitting: Splitting = "on", found: Sequence[Found] = ()
) -> Iterator[Span]:
    """The spans of all sentences, in order.

    What stands between them is blank, a line end, a marker or structure. None is cut within one of
    the spans `found` in the text (pipeline/text/protect.py), nor by what stands in it.
    """
    cover = covered(text, found)
    if splitting == "off":
        whole = trimmed(cover, 0, len(cover))
        if whole.start < whole.end:
            yield whole
        return
    for line in paragraphs(cover) if splitting == "nonewlines" else lines(cover):
        start = _outside(after_markers(text, line), found)
        for cell in cells(cover, line, max(start, line.start)):
            begin = cell.start
            for cut in _cuts(cover[cell.start : cell.end]):
                span = trimmed(cover, begin, cell.start + cut)
                if span.start < span.end:
                    yield _without_tags_around(
                        text, cover, span, within(found, span.start, span.end)
                    )
                begin = cell.start + cut


def _without_tags_around(text: str, cover: str, sentence: Span, found: Sequence[Found]) -> Span:
    """The sentence without the tags at its edges, unless they enclose only a part of it."""
    tags = [span for span in found if span.kind == "tag"]
    around = text[sentence.start - 1 : sentence.start] + text[sentence.end : sentence.end + 1]
    if around.strip(BLANKS) and any(is_emphasis(text[tag.start : tag.end]) for tag in tags):
        return sentence  # the marks of Markdown must stay beside what they emphasise
    partners = _partners([text[tag.start : tag.end] for tag in tags])
    span, first, last = sentence, 0, len(tags) - 1
    while first <= last:
        opens = tags[first].start == span.start
        closes = tags[last].end == span.end
        if opens and closes and partners.get(first) == last:
            span = trimmed(cover, tags[first].end, tags[last].start)
            first, last = first + 1, last - 1
        elif opens and first not in partners:
            span = trimmed(cover, tags[first].end, span.end)
            first += 1
        elif closes and last not in partners:
            span = trimmed(cover, span.start, tags[last].start)
            last -= 1
        else:
            break
    return span if span.start < span.end else sentence


def _partners(tags: Sequence[str]) -> dict[int, int]:
    """The place of each tag's partner, of those that have one."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for place, side in enumerate(sides(tags)):
        if side == "opening":
            opened.append(place)
        elif side == "closing" and opened:
            partners |= {place: opened[-1], opened[-1]: place}
            opened.pop()
    return partners


def _outside(at: int, found: Sequence[Found]) -> int:
    """The place itself, or where the span begins that it lies in."""
    before = bisect_left(found, at, key=lambda span: span.start) - 1
    return found[before].start if before >= 0 and found[before].end > at else at


def _cuts(cell: str) -> Iterator[int]:
    """Where the sentences of a cell end."""
    pairs, closing = _pairs(cell)
    pair = 0
    start = _skip_blanks(cell, 0)
    label = _label_end(cell, start, pairs)
    if label:
        yield label
        start = _skip_blanks(cell, label)
    for stop in STOP.finditer(cell):
        after = stop.end()
        while after < len(cell) and _closes(cell, after, closing):
            after += 1
        follow = _skip_blanks(cell, after)
        if follow == len(cell) or (follow == len(cell) - 1 and cell[follow] in QUOTES):
            break
        while pair < len(pairs) and pairs[pair][1] < stop.start():
            pair += 1
        inside = pair < len(pairs) and pairs[pair][0] < stop.start()
        if inside and not _leaves(cell, start, pairs[pair], after, follow):
            continue
        if ends_sentence(Stop(cell, start, stop, after, follow)):
            yield after
            start = follow
    yield len(cell)


def _label_end(cell: str, start: int, pairs: list[tuple[int, int]]) -> int | None:
    """Where a label ends that stands before the sentence: "【公告】今天停水。"."""
    if not pairs or pairs[0][0] != start or cell[start] != "【":
        return None
    end = pairs[0][1] + 1
    follow = _skip_blanks(cell, end)
    goes_on = cell[follow : follow + 1]
    return end if goes_on and goes_on not in NO_START | PARTICLES | frozenset(OPENING) else None


def _pairs(cell: str) -> tuple[list[tuple[int, int]], set[int]]:
    """Short quotations and brackets (the outermost, in order), and the places of all that close
    one.
    """
    waiting: dict[str, list[int]] = {}
    found: list[tuple[int, int]] = []
    for bracket in _BRACKET.finditer(cell):
        character, at = bracket[0], bracket.start()
        opener = _PARTNER.get(character, '"' if waiting.get('"') else "")
        if character in OPENING or (character == '"' and not opener):
            waiting.setdefault(character, []).append(at)
        elif waiting.get(opener):
            found.append((waiting[opener].pop(), at))
    outermost: list[tuple[int, int]] = []
    for opened, closed in sorted(found):
        if closed - opened <= SHORT and (not outermost or opened > outermost[-1][1]):
            outermost.append((opened, closed))
    return outermost, {closed for _, closed in found}


def _closes(cell: str, at: int, closing: set[int]) -> bool:
    if cell[at] == "'":
        return not cell[at + 1 : at + 2].isalpha() or not cell[at + 1 : at + 2].isascii()
    return at in closing or cell[at] in CLOSING or cell[at] in "~～" + CLOSING_COVER


def _skip_blanks(cell: str, at: int) -> int:
    blanks = BLANK_RUN.match(cell, at)
    return blanks.end() if blanks else at


def _leaves(cell: str, start: int, pair: tuple[int, int], after: int, follow: int) -> bool:
    """Whether a sentence may end with a short pair whose closing mark was passed before `after`."""
    opened, closed = pair
    if after <= closed:
        return False
    if cell[opened] in QUOTES:
        # “……。”他说: a quotation that opens the sentence goes on with who said it.
        return opened > start or cell[follow] in OPENING + '"'
    return cell[opened] in "（(【〔［[" and opened == start
