"""Whether marks in a cell end a sentence.

Each rule has its examples beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.text.found import COVER
from pipeline.text.normalise import BLANKS, CLOSING, HAN, OPENING

STOP = re.compile(r"[。｡！？!?…⋯.．]+")
_STRONG = frozenset("。｡！？")
NO_START = frozenset("，、；：。｡！？,;:.!?…⋯—" + CLOSING)
_SHORTEST_CLAUSE = 2  # characters before dots that end a sentence
PARTICLES = frozenset("的地得之等和与及或")  # after a quotation they go on with its sentence
_WORD = re.compile(r"[A-Za-z0-9.]+$")
_INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]")
_ABBREVIATIONS = re.compile(
    "dr|mr|mrs|ms|prof|st|jr|sr|inc|ltd|co|corp|vs|etc|nos?|vol|figs?|eq|sec|ch|pp|eds?|al|ph.d"
    "|approx|dept|est|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
    "|gen|col|lt|sgt|capt|rev|hon|pres|gov|sen|rep|mt|ft"
)


@dataclass(frozen=True, slots=True)
class Stop:
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


def ends_sentence(stop: Stop) -> bool:
    """Whether these marks end the sentence."""
    if _goes_on(stop):
        return False
    if _is_chinese(stop):
        return True
    if _is_ellipsis(stop):
        return _ellipsis_ends(stop)
    if _is_latin_exclamation(stop):
        return _exclamation_ends(stop)
    return _spaced_dot_ends(stop) if stop.spaced else _glued_dot_ends(stop)


def _goes_on(stop: Stop) -> bool:
    """“加油！”的口号; 真的吗？——他没听见"""
    quoted = stop.after > stop.marks.end() and not stop.spaced
    return stop.following in NO_START or (quoted and stop.following in PARTICLES)


def _is_chinese(stop: Stop) -> bool:
    return not _STRONG.isdisjoint(stop.marks[0])


def _is_ellipsis(stop: Stop) -> bool:
    mark = stop.marks[0]
    dots = mark in {"..", "．．"} or mark.startswith(("...", "．．．"))
    return dots or "…" in mark or "⋯" in mark


def _ellipsis_ends(stop: Stop) -> bool:
    """他等了很久…后来走了; not 我…我, 他想，……还是算了, 1...10"""
    clause = stop.marks.start() - stop.start
    return clause >= _SHORTEST_CLAUSE and stop.before not in "，、：；" and not stop.latin_follows


def _is_latin_exclamation(stop: Stop) -> bool:
    return not {"!", "?"}.isdisjoint(stop.marks[0])


def _exclamation_ends(stop: Stop) -> bool:
    """好!再见; not a != b, x ? y : z, Yahoo!公司"""
    is_name = stop.marks[0] == "!" and stop.before.isascii() and not stop.spaced
    is_operator = stop.before == "" or stop.before in BLANKS or stop.latin_follows
    return not (is_operator or is_name)


def _glued_dot_ends(stop: Stop) -> bool:
    """很好.我们; not 3.5, Node.js, .NET"""
    next_sentence = HAN.match(stop.following) or stop.following in OPENING
    return bool(HAN.match(stop.before) and next_sentence)


def _spaced_dot_ends(stop: Stop) -> bool:
    """He left. 他走了; not Dr. 王, No. 5, U.S. 政府"""
    follows = stop.following
    begins = (
        HAN.match(follows) or follows.isupper() or follows.isdigit() or follows in OPENING + '"'
    )
    return bool(begins) and not _abbreviates(stop.cell, stop.start, stop.marks.start())


def _abbreviates(cell: str, start: int, at: int) -> bool:
    """Whether the dot at `at` belongs to an abbreviation, an initial or an enumeration."""
    found = _WORD.search(cell, max(start, at - 20), at)
    if not found:
        return at == start
    word = found[0].lower()
    if word.isdigit():
        begins = found.start() == start or cell[found.start() - 1] in BLANKS + CLOSING + COVER
        return len(word) <= 3 and begins
    return bool(_ABBREVIATIONS.fullmatch(word) or _INITIALS.fullmatch(word))
