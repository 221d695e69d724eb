"""Marks in a translation, mended: whatever a model made of them, they come out well-formed.

1. A mark counts once, where it first stands; of a pair, the closing one only behind the opening.
2. A pair of which one mark is left encloses the word beside it; with neither, it is gone.
3. A pair that ends within another one that began in it takes that one's end along.
4. Blanks stand outside of pairs, and one stands where a mark joins two sentences.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

BLANK = re.compile(r"[ \u00a0\u3000]")
_MARK = re.compile(r"<(?P<closing>/?)(?P<letter>[gx])(?P<number>\d{1,9})(?P<single>/?)>")
_WORD_AHEAD = re.compile(r"\s*[^\s.,;:!?]*")
_SENTENCE_END = frozenset(".,;:!?")


@dataclass(frozen=True, slots=True)
class Mark:
    number: int
    side: Literal["opening", "closing", "single"]

    def __str__(self) -> str:
        if self.side == "single":
            return f"<x{self.number}/>"
        return f"<{'/' if self.side == 'closing' else ''}g{self.number}>"


def mended(translation: str, source: str, marks: Collection[Mark]) -> list[str | Mark]:
    """The pieces of a translation; of `marks`, those that it has are well nested."""
    pieces = _nested(_paired(_once(_split(translation, marks))))
    return list(_spaced(pieces, _joints(_split(source, marks))))


def _split(text: str, marks: Collection[Mark]) -> list[str | Mark]:
    pieces: list[str | Mark] = []
    at = 0
    for found in _MARK.finditer(text):
        mark = _mark(found)
        if mark in marks and str(mark) == found[0]:
            pieces += [text[at : found.start()], mark]
            at = found.end()
    return [piece for piece in [*pieces, text[at:]] if piece]


def _mark(found: re.Match[str]) -> Mark:
    if found["letter"] == "x":
        return Mark(int(found["number"]), "single")
    return Mark(int(found["number"]), "closing" if found["closing"] else "opening")


def _once(pieces: Sequence[str | Mark]) -> list[str | Mark]:
    """Each mark where it stands first, a closing one behind its opening one if there is one."""
    openings = {p.number for p in pieces if isinstance(p, Mark) and p.side == "opening"}
    seen: set[Mark] = set()
    kept: list[str | Mark] = []
    for piece in pieces:
        if isinstance(piece, Mark):
            early = (
                piece.side == "closing"
                and piece.number in openings
                and Mark(piece.number, "opening") not in seen
            )
            if early or piece in seen:
                continue
            seen.add(piece)
        kept.append(piece)
    return kept


def _paired(pieces: Sequence[str | Mark]) -> list[str | Mark]:
    """A partner for each mark of a pair that has none, at the other end of the word beside it."""
    there = {piece for piece in pieces if isinstance(piece, Mark)}
    whole: list[str | Mark] = []
    ahead: list[Mark] = []  # to be put behind the next word
    for piece in pieces:
        if isinstance(piece, str) and ahead:
            word = _WORD_AHEAD.match(piece)
            end = word.end() if word else 0
            whole += [piece[:end], *reversed(ahead), piece[end:]]
            ahead = []
        elif isinstance(piece, Mark) and piece.side != "single":
            partner = Mark(piece.number, "closing" if piece.side == "opening" else "opening")
            if partner not in there and piece.side == "opening":
                ahead.append(partner)
            elif partner not in there:
                _open_behind(whole, partner)
            whole.append(piece)
        else:
            whole.append(piece)
    return [piece for piece in [*whole, *reversed(ahead)] if piece]


def _open_behind(pieces: list[str | Mark], opening: Mark) -> None:
    """Put an opening mark before the last word."""
    last = pieces[-1] if pieces else None
    if not isinstance(last, str):
        pieces.append(opening)
        return
    words = last.rstrip()
    at = max(words.rfind(blank) for blank in " \n\t") + 1
    pieces[-1:] = [last[:at], opening, last[at:]]


def _nested(pieces: Sequence[str | Mark]) -> list[str | Mark]:
    """No pair crosses another one, and none is empty."""
    nested: list[str | Mark] = []
    opened: list[int] = []
    for piece in pieces:
        if isinstance(piece, str) or piece.side == "single":
            nested.append(piece)
        elif piece.side == "opening":
            opened.append(piece.number)
            nested.append(piece)
        elif piece.number in opened:
            while (number := opened.pop()) != piece.number:
                _close(nested, number)
            _close(nested, piece.number)
    while opened:
        _close(nested, opened.pop())
    return nested


def _close(nested: list[str | Mark], number: int) -> None:
    opening = Mark(number, "opening")
    if nested[-1] == opening:
        nested.pop()
    else:
        nested.append(Mark(number, "closing"))


def _joints(pieces: Sequence[str | Mark]) -> set[str]:
    """The characters on both sides of marks, where nothing else stands between."""
    return {left[-1] + right[0] for left, right in _neighbours(pieces)}


def _neighbours(pieces: Sequence[str | Mark]) -> Iterator[tuple[str, str]]:
    last: tuple[int, str] | None = None
    for place, piece in enumerate(pieces):
        if isinstance(piece, str):
            if last and place > last[0] + 1:
                yield last[1], piece
            last = place, piece


def _spaced(pieces: Sequence[str | Mark], joints: set[str]) -> Iterator[str | Mark]:
    """The pieces with their blanks where English has them."""
    marks: list[Mark] = []  # since the last text
    left = ""
    for piece in pieces:
        if isinstance(piece, Mark):
            marks.append(piece)
        elif not marks:
            left += piece
        else:
            left, blank, right = _parted(left, marks, piece, joints)
            yield from filter(None, (left, *_with_blank(marks, blank)))
            marks, left = [], right
    yield from filter(None, (left, *marks))


def _parted(left: str, marks: Sequence[Mark], right: str, joints: set[str]) -> tuple[str, str, str]:
    """Texts on both sides of marks without the blanks within pairs, and the blank beside these."""
    inner = left.rstrip(" ") if any(mark.side == "closing" for mark in marks) else left
    outer = right.lstrip(" ") if marks[-1].side == "opening" else right
    moved = len(inner) < len(left) or len(outer) < len(right)
    ends = inner[-1:] in _SENTENCE_END and outer[:1].isalpha()
    joined = bool(inner and outer) and not (inner[-1].isspace() or outer[0].isspace())
    apart = moved or (ends and inner[-1:] + outer[:1] not in joints)
    return inner, " " if joined and apart else "", outer


def _with_blank(marks: Sequence[Mark], blank: str) -> list[str | Mark]:
    """Marks with a blank between those that close and those that open."""
    at = next((i for i, mark in enumerate(marks) if mark.side != "closing"), len(marks))
    return [*marks[:at], blank, *marks[at:]]
