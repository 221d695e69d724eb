"""Where the sentences of a document stand: document → lines → cells → sentences.

A sentence ends at 。！？ and their kin with the closing quotes after them, but not inside a short
quotation or bracket, an abbreviation, a number or a protected span.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.text.found import Found, covered
from pipeline.text.lines import BLANK_RUN, after_markers, cells, lines, paragraphs, trimmed
from pipeline.text.normalise import BLANKS, HAN
from pipeline.text.prepared import Span

# As API callers know it: each text is one sentence; lines and marks part them; marks alone do, and
# lines that were wrapped are joined.
Splitting = Literal["off", "on", "nonewlines"]

SHORT = 40  # characters of a quotation or bracket that is not cut

OPENING = "“‘「『（(《〈【〔［[{｛"
CLOSING = "”’」』）)》〉】〕］]}｝"
QUOTES = '“‘「『"'
_PARTNER = dict(zip(CLOSING, OPENING, strict=True))
_BRACKET = re.compile(f'[{re.escape(OPENING + CLOSING)}"]')

_STOP = re.compile(r"[。｡！？!?…⋯.．]+")
_STRONG = frozenset("。｡！？")
_NO_START = frozenset("，、；：。｡！？,;:.!?…⋯—" + CLOSING)
_SHORTEST_CLAUSE = 2  # characters before dots that end a sentence
_PARTICLES = frozenset("的地得之等和与及或")  # after a quotation they go on with its sentence
_WORD = re.compile(r"[A-Za-z0-9.]+$")
_INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]")
_ABBREVIATIONS = re.compile(
    "dr|mr|mrs|ms|prof|st|jr|sr|inc|ltd|co|corp|vs|etc|nos?|vol|figs?|eq|sec|ch|pp|eds?|al|ph.d|approx|dept|est"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|gen|col|lt|sgt|capt|rev|hon|pres|gov|sen|rep|mt|ft"
)


def sentences(
    text: str, splitting: Splitting = "on", found: Sequence[Found] = ()
) -> Iterator[Span]:
    """The spans of all sentences, in order.

    What stands between them is blank, a line end, a marker or structure. None is cut within one of
    the spans `found` in the text (pipeline/text/protect.py), nor by what stands in it.
    """
    cover = covered(text, found)
    if splitting == "off":
        whole = trimmed(text, 0, len(text))
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
                    yield span
                begin = cell.start + cut


def _outside(at: int, found: Sequence[Found]) -> int:
    """The place itself, or where the span begins that it lies in."""
    before = bisect_left(found, at, key=lambda span: span.start) - 1
    return found[before].start if before >= 0 and found[before].end > at else at


def _cuts(cell: str) -> Iterator[int]:
    """Where the sentences of a cell end."""
    pairs, closing = _pairs(cell)
    pair = 0
    start = _skip_blanks(cell, 0)
    for stop in _STOP.finditer(cell):
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
        if _ends(_Stop(cell, start, stop, after, follow)):
            yield after
            start = follow
    yield len(cell)


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
    return at in closing or cell[at] in CLOSING or cell[at] in "~～"


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


@dataclass(frozen=True, slots=True)
class _Stop:
    """Marks that may end the sentence from `start`; what closes it goes up to `after`, and more
    text comes at `follow`.
    """

    cell: str
    start: int
    marks: re.Match[str]
    after: int
    follow: int

    @property
    def before(self) -> str:
        """The character before the marks, "" at the sentence's start."""
        at = self.marks.start()
        return self.cell[at - 1] if at > self.start else ""

    @property
    def following(self) -> str:
        return self.cell[self.follow]

    @property
    def spaced(self) -> bool:
        return self.follow > self.after

    @property
    def latin_follows(self) -> bool:
        """Whether ASCII follows without a space, as in a name or a number."""
        return self.following.isascii() and not self.spaced


def _goes_on(stop: _Stop) -> bool:
    """“加油！”的口号; 真的吗？——他没听见"""
    quoted = stop.after > stop.marks.end() and not stop.spaced
    return stop.following in _NO_START or (quoted and stop.following in _PARTICLES)


def _is_chinese(stop: _Stop) -> bool:
    return not _STRONG.isdisjoint(stop.marks[0])


def _is_ellipsis(stop: _Stop) -> bool:
    mark = stop.marks[0]
    dots = mark in {"..", "．．"} or mark.startswith(("...", "．．．"))
    return dots or "…" in mark or "⋯" in mark


def _ellipsis_ends(stop: _Stop) -> bool:
    """他等了很久…后来走了; not 我…我, 他想，……还是算了, 1...10"""
    clause = stop.marks.start() - stop.start
    return clause >= _SHORTEST_CLAUSE and stop.before not in "，、：；" and not stop.latin_follows


def _is_latin_exclamation(stop: _Stop) -> bool:
    return not {"!", "?"}.isdisjoint(stop.marks[0])


def _exclamation_ends(stop: _Stop) -> bool:
    """好!再见; not a != b, x ? y : z, Yahoo!公司"""
    is_name = stop.marks[0] == "!" and stop.before.isascii() and not stop.spaced
    is_operator = stop.before == "" or stop.before in BLANKS or stop.latin_follows
    return not (is_operator or is_name)


def _is_glued_dot(stop: _Stop) -> bool:
    return not stop.spaced


def _glued_dot_ends(stop: _Stop) -> bool:
    """很好.我们; not 3.5, Node.js, .NET"""
    next_sentence = HAN.match(stop.following) or stop.following in OPENING
    return bool(HAN.match(stop.before) and next_sentence)


def _spaced_dot_ends(stop: _Stop) -> bool:
    """He left. 他走了; not Dr. 王, No. 5, U.S. 政府"""
    follows = stop.following
    begins = (
        HAN.match(follows) or follows.isupper() or follows.isdigit() or follows in OPENING + '"'
    )
    return bool(begins) and not _abbreviates(stop.cell, stop.start, stop.marks.start())


# For the first that applies: whether the sentence ends.
_RULES: tuple[tuple[Callable[[_Stop], bool], Callable[[_Stop], bool]], ...] = (
    (_goes_on, lambda _: False),
    (_is_chinese, lambda _: True),
    (_is_ellipsis, _ellipsis_ends),
    (_is_latin_exclamation, _exclamation_ends),
    (_is_glued_dot, _glued_dot_ends),
    (lambda _: True, _spaced_dot_ends),
)


def _ends(stop: _Stop) -> bool:
    """Whether these marks end the sentence."""
    return next(ends(stop) for applies, ends in _RULES if applies(stop))


def _abbreviates(cell: str, start: int, at: int) -> bool:
    """Whether the dot at `at` belongs to an abbreviation, an initial or an enumeration."""
    found = _WORD.search(cell, max(start, at - 20), at)
    if not found:
        return at == start
    word = found[0].lower()
    if word.isdigit():
        return len(word) <= 3 and (found.start() == start or cell[found.start() - 1] in BLANKS)
    return bool(_ABBREVIATIONS.fullmatch(word) or _INITIALS.fullmatch(word))
