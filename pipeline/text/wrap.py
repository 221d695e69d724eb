"""Parts over-long sentences at their best boundaries, so that nothing is cut off or dropped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from pipeline.text.lines import trimmed
from pipeline.text.normalise import BLANKS, CLOSING, OPENING
from pipeline.text.prepared import Span

_CLOSERS = f"[{re.escape(CLOSING)}]*"
# Boundaries from best to worst; the cut comes after what matches.
_BOUNDARIES = (
    re.compile(f"[；;。！？!?]+{_CLOSERS}"),
    re.compile(rf"(?:[，：]|[,:](?![\d/])|——|……)+{_CLOSERS}"),
    re.compile("、"),
    re.compile(rf"[{BLANKS}]+|[{re.escape(CLOSING)}]+|.(?=[{re.escape(OPENING)}])"),
)
_NO_START = frozenset("，、；：。｡！？,;:.!?…⋯%％‰" + CLOSING)
_LINKS = frozenset("._,:/@-+%#&=?~'’")  # hold URLs, numbers and compounds together
_JOINER = "\u200d"
_NEAR = 8  # characters each side of the middle in which a word boundary is looked for
_AROUND = 16  # characters each side of the middle that are tokenised to find it


def wrap(
    text: str,
    encode: Callable[[str], list[int]],
    count: Callable[[str], int],
    limit: int,
    fits: Callable[[str], bool] = bool,
) -> Iterator[tuple[Span, list[int]]]:
    """The parts of a text with their ids, each of at most `limit` ids, blanks between them left
    out.

    `encode` gives a part's ids; `count` sizes a few characters, to find words; `fits` may set a
    limit of another kind. Only a part of one character may exceed them. O(n log n): every cut
    leaves at least a third on either side, unless a single word fills the middle.
    """
    waiting = [(0, len(text))]
    while waiting:
        span = trimmed(text, *waiting.pop())
        if span.start == span.end:
            continue
        ids = encode(text[span.start : span.end])
        if (len(ids) <= limit and fits(text[span.start : span.end])) or span.end - span.start == 1:
            yield span, ids
        else:
            cut = _cut(text, span, count)
            waiting += [(cut, span.end), (span.start, cut)]


def _cut(text: str, span: Span, count: Callable[[str], int]) -> int:
    middle, third = (span.start + span.end) // 2, (span.end - span.start) // 3

    def distance(at: int) -> int:
        return abs(at - middle)

    for boundary in _BOUNDARIES:
        ends = (
            found.end() for found in boundary.finditer(text, span.start + third, span.end - third)
        )
        places = [at for at in ends if at < span.end and not _holds(text, at)]
        if places:
            return min(places, key=distance)

    near = range(max(span.start + 1, middle - _NEAR), min(span.end, middle + _NEAR + 1))
    places = [at for at in near if not _holds(text, at)]
    if places:
        low, high = max(span.start, middle - _AROUND), min(span.end, middle + _AROUND)
        # A cut inside a word makes more tokens of it.
        return min(
            places, key=lambda at: (count(text[low:at]) + count(text[at:high]), distance(at))
        )

    outwards = sorted(range(span.start + 1, span.end), key=distance)
    whole_characters = (at for at in outwards if not _extends(text, at))
    return next((at for at in outwards if not _holds(text, at)), next(whole_characters, middle))


def _holds(text: str, at: int) -> bool:
    """Whether the characters either side of `at` belong together."""
    left, right = text[at - 1], text[at]
    return (
        _extends(text, at)
        or right in _NO_START
        or left in OPENING
        or (_in_word(left) and _in_word(right))
    )


def _extends(text: str, at: int) -> bool:
    """Whether the character at `at` is drawn as one with that before it."""
    left, right = text[at - 1], text[at]
    return (
        right == _JOINER
        or left == _JOINER
        or unicodedata.category(right).startswith("M")
        or "\U0001f3fb" <= right <= "\U0001f3ff"  # skin tones
        or ("\U0001f1e6" <= left <= "\U0001f1ff" and "\U0001f1e6" <= right <= "\U0001f1ff")  # flags
    )


def _in_word(character: str) -> bool:
    return character in _LINKS or (
        character.isalnum() and (character < "\u2e80" or "\uff10" <= character <= "\uff5a")
    )
