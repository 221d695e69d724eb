"""Where the sentences of a document stand: document → lines → cells → sentences.

1. A line is what stands between two line ends of any kind.
2. Indentation and list markers ("- ", "1. ", "（一）", "•") stay outside the sentence.
3. A tab, or three blanks and more, parts the cells of a table or a layout.
4. A sentence ends at 。！？ and their kin with the closing quotes after them, but not inside a short
   quotation or bracket, an abbreviation, a number or a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pipeline.text.normalise import BLANKS, HAN, HAN_CHARACTERS, LINE_END
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

_BLANK = f"[{BLANKS}]"
_BLANK_RUN = re.compile(f"{_BLANK}+")
_NUMERAL = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
# A marker counts only where what follows rules out a number, a name or a phrase ("3.5", "一、二年级").
_MARKERS = re.compile(
    rf"""{_BLANK}*(?:(?:
        [-*+–—](?:{_BLANK}+\[[ xX]\])?(?={_BLANK})
      | [•●◦○■□◆◇▪▫‣⁃★☆►▶※·・]
      | (?:\#{{1,6}}|>)(?={_BLANK})
      | [0-9０-９]{{1,3}}(?:[.)）．](?=[{BLANKS}{HAN_CHARACTERS}])|、(?![\d一二三四五六七八九十两]))
      | (?:{_NUMERAL})、(?![\d一二三四五六七八九十百千万亿两])
      | [（(](?:[0-9０-９]{{1,3}}|{_NUMERAL}|[A-Za-z])[）)]
      | [①-⓿㈠-㈩❶-❿]
      | [A-Za-z][.)）．、](?=[{BLANKS}{HAN_CHARACTERS}])
    ){_BLANK}*){{0,4}}""",
    re.VERBOSE,
)

_STOP = re.compile(r"(?P<url>(?:https?|ftp)://[!-~]*[\w/])|[。｡！？!?…⋯.．]+")
_STRONG = frozenset("。｡！？")
_NO_START = frozenset("，、；：。｡！？,;:.!?…⋯—" + CLOSING)
_PARTICLES = frozenset("的地得之等和与及或")  # after a quotation they go on with its sentence
_WORD = re.compile(r"[A-Za-z0-9.]+$")
_INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]")
_ABBREVIATIONS = re.compile(
    "dr|mr|mrs|ms|prof|st|jr|sr|inc|ltd|co|corp|vs|etc|nos?|vol|figs?|eq|sec|ch|pp|eds?|al|ph.d|approx|dept|est"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|gen|col|lt|sgt|capt|rev|hon|pres|gov|sen|rep|mt|ft"
)


def sentences(text: str, splitting: Splitting = "on") -> Iterator[Span]:
    """The spans of all sentences, in order.

    What stands between them is blank, a line end or a marker.
    """
    if splitting == "off":
        whole = trimmed(text, 0, len(text))
        if whole.start < whole.end:
            yield whole
        return
    for line_start, line_end in _paragraphs(text) if splitting == "nonewlines" else _lines(text):
        markers = _MARKERS.match(text, line_start, line_end)
        start = markers.end() if markers else line_start
        for cell_start, cell_end in _cells(text, start, line_end):
            cell = text[cell_start:cell_end]
            begin = 0
            for cut in (*_cuts(cell), len(cell)):
                span = trimmed(cell, begin, cut)
                if span.start < span.end:
                    yield Span(cell_start + span.start, cell_start + span.end)
                begin = cut


def trimmed(text: str, start: int, end: int) -> Span:
    """The range without blanks at its edges."""
    end = start + len(text[start:end].rstrip(BLANKS))
    return Span(end - len(text[start:end].lstrip(BLANKS)), end)


def parts_cells(blanks: str) -> bool:
    """Whether blanks within a line are wide enough to part columns."""
    return len(blanks) >= 3 or "\t" in blanks


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line_end in LINE_END.finditer(text):
        yield start, line_end.start()
        start = line_end.end()
    yield start, len(text)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Lines, joined where one only goes on with the one before: it has no marker, and neither is
    blank or indented.
    """
    begun: tuple[int, int] | None = None
    for start, end in _lines(text):
        markers = _MARKERS.match(text, start, end)
        goes_on = (
            start < end and text[start] not in BLANKS and not (markers and markers.end() > start)
        )
        if begun and goes_on and begun[1] > begun[0]:
            begun = begun[0], end
            continue
        if begun:
            yield begun
        begun = start, end
    if begun:
        yield begun


def _cells(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for gap in _BLANK_RUN.finditer(text, start, end):
        if parts_cells(gap[0]) and not LINE_END.search(gap[0]):
            yield start, gap.start()
            start = gap.end()
    yield start, end


def _cuts(cell: str) -> Iterator[int]:
    """Where one sentence of a cell ends and another one follows."""
    pairs, closing = _pairs(cell)
    pair = 0
    start = _skip_blanks(cell, 0)
    for stop in _STOP.finditer(cell):
        if stop["url"]:
            continue
        after = stop.end()
        while after < len(cell) and _closes(cell, after, closing):
            after += 1
        follow = _skip_blanks(cell, after)
        if follow == len(cell) or (follow == len(cell) - 1 and cell[follow] in QUOTES):
            return
        while pair < len(pairs) and pairs[pair][1] < stop.start():
            pair += 1
        inside = pair < len(pairs) and pairs[pair][0] < stop.start()
        if inside and not _leaves(cell, start, pairs[pair], after, follow):
            continue
        if _ends(cell, start, stop, after, follow):
            yield after
            start = follow


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
    blanks = _BLANK_RUN.match(cell, at)
    return blanks.end() if blanks else at


def _leaves(cell: str, start: int, pair: tuple[int, int], after: int, follow: int) -> bool:
    """Whether a sentence may end with a short pair whose closing mark was passed before `after`."""
    opened, closed = pair
    if after <= closed:
        return False
    if cell[opened] in QUOTES:
        # “……。”他说: a quotation that opens the sentence goes on with who said it.
        return opened > start or cell[follow] in OPENING + '"'
    return cell[opened] in "（(" and opened == start


def _ends(cell: str, start: int, stop: re.Match[str], after: int, follow: int) -> bool:
    """Whether these marks close the sentence from `start`, when more text comes at `follow`."""
    mark, at = stop[0], stop.start()
    following, spaced = cell[follow], follow > after
    before = cell[at - 1] if at > start else ""
    if following in _NO_START or (after > stop.end() and not spaced and following in _PARTICLES):
        return False
    if not _STRONG.isdisjoint(mark):
        return True
    ascii_follows = following.isascii() and not spaced
    if "…" in mark or "⋯" in mark or mark in {"..", "．．"} or mark.startswith(("...", "．．．")):
        return at - start >= 6 and before not in "，、：；" and not ascii_follows
    if "!" in mark or "?" in mark:
        named = mark == "!" and before.isascii() and not spaced  # Yahoo!
        return before != "" and before not in BLANKS and not ascii_follows and not named
    if not spaced:
        return bool(HAN.match(before)) and (bool(HAN.match(following)) or following in OPENING)
    if not (
        HAN.match(following)
        or following.isupper()
        or following.isdigit()
        or following in OPENING + '"'
    ):
        return False
    return not _abbreviates(cell, start, at)


def _abbreviates(cell: str, start: int, at: int) -> bool:
    """Whether the dot at `at` belongs to an abbreviation, an initial or an enumeration."""
    found = _WORD.search(cell, max(start, at - 20), at)
    if not found:
        return at == start
    word = found[0].lower()
    if word.isdigit():
        return len(word) <= 3 and (found.start() == start or cell[found.start() - 1] in BLANKS)
    return bool(_ABBREVIATIONS.fullmatch(word) or _INITIALS.fullmatch(word))
