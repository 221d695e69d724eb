"""What a translation must carry over letter for letter, and the placeholders that stand for it
meanwhile.

1. `find` names the spans of a text: blocks over several lines, then what one of the patterns
   describes, then the frames of code, tables and Markdown around what is left.
2. `hide` puts one private-use character in the place of each; text that is normalised, cut or
   respaced then cannot harm them. Private-use characters of the user's are spans themselves, so
   none is mistaken for ours.
3. `restore` puts the spans back, as close to their neighbours as they stood in the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.text.found import STRUCTURE, TERM, Found, merged, sides
from pipeline.text.lines import lines
from pipeline.text.patterns import PATTERNS
from pipeline.text.prepared import Protected, Span
from pipeline.text.structure import blocks, frames

_FIRST, _LAST = 0xF0000, 0xFFFFD  # a private-use plane
MOST = 4096  # spans that `hide` takes at once, far below the placeholders that there are
PLACEHOLDER = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
_JOINABLE = frozenset(["code", "figure", "name", "path", "placeholder", "url"])
_JOINTS = frozenset(["", " ", "/", ":", "-"])  # between two spans that become one

_COMMON = "\u3400-\u9fff，。、；：！？“”‘’《》 \u3000"  # begin only patterns that say so
_ELSEWHERE = "|".join(f"({pattern.expression})" for pattern in PATTERNS if not pattern.chinese)
_ANYWHERE = "|".join(f"({pattern.expression})" for pattern in PATTERNS if pattern.chinese)
_SPAN = re.compile(rf"(?=[^{_COMMON}])(?:{_ELSEWHERE})|{_ANYWHERE}", re.ASCII)
_KINDS = [
    pattern.kind for chinese in (False, True) for pattern in PATTERNS if pattern.chinese == chinese
]

# English has none of these; all else of a span comes back letter for letter.
_ENGLISH = str.maketrans(
    {"￥": "¥", "％": "%", "－": "-", "℃": "°C", "℉": "°F", "㎡": "m²", "㎥": "m³"}
    | {"㎏": "kg", "㎞": "km", "㎝": "cm", "㎜": "mm", "㎎": "mg", "㏄": "cc"}
)


def placeholder(number: int) -> str:
    """The character that stands for the span of this number, from 0."""
    return chr(_FIRST + number)


def number_of(mark: str) -> int:
    """The number of the span that a placeholder stands for."""
    return ord(mark) - _FIRST


def carried(text: str, span: Found) -> Protected:
    """What comes back in place of a span of a text: itself, its figures with English signs, or
    what the glossary says.
    """
    shown = text[span.start : span.end]
    if span.kind == TERM:
        return Protected(span.said, TERM, shown)
    return Protected(shown.translate(_ENGLISH) if span.kind == "figure" else shown, span.kind)


def find(text: str) -> list[Found]:
    """The spans of a text to protect, in order and apart.

    Only blocks, such as fenced code, go over several lines.
    """
    whole = blocks(text)
    found = list(whole)
    at = 0
    for block in [*whole, Found(len(text), len(text), STRUCTURE)]:
        for line in lines(text, at, block.start):
            found += _in_line(text, line)
        at = block.end
    found = merged(found) if whole else found
    return merged([*found, *frames(text, found)])


def _in_line(text: str, line: Span) -> Iterator[Found]:
    """What the patterns describe, one span where several of a kind stand side by side."""
    waiting: Found | None = None
    for match in _SPAN.finditer(text, line.start, line.end):
        span = Found(match.start(), match.end(), _KINDS[(match.lastindex or 0) - 1])
        if waiting and span.kind == waiting.kind and _touch(text, waiting, span):
            span = Found(waiting.start, span.end, span.kind)
        elif waiting:
            yield waiting
        waiting = span
    if waiting:
        yield waiting


def _touch(text: str, left: Found, right: Found) -> bool:
    between = text[left.end : right.start]
    joinable = left.kind in _JOINABLE and between in _JOINTS
    return joinable or (not between and left.kind != "tag")


def hide(text: str, sentence: Span, found: Iterable[Found]) -> str:
    """The sentence with one placeholder for each span found in it, numbered from 0."""
    pieces, at = [], sentence.start
    for number, span in enumerate(found):
        pieces += [text[at : span.start], placeholder(number)]
        at = span.end
    return "".join([*pieces, text[at : sentence.end]])


def restore(text: str, protected: Sequence[Protected]) -> str:
    """The text with its spans in place of the placeholders.

    Tags and marks cling to what they enclose, and no two figures run together.
    """
    tags = [number for number, span in enumerate(protected) if span.kind == "tag"]
    side = dict(zip(tags, sides([protected[number].text for number in tags]), strict=True))
    pieces: list[str] = []
    at = 0
    for mark in PLACEHOLDER.finditer(text):
        number = number_of(mark[0])
        span = protected[number].text if number < len(protected) else ""
        before = text[at : mark.start()]
        at = mark.end()
        if side.get(number) == "closing":
            before = before.rstrip(" ")
        elif side.get(number) == "opening":
            at += len(text[at:]) - len(text[at:].lstrip(" "))
        if before[-1:].isdecimal() and span[:1].isdecimal():
            before += " "
        if not before and pieces and _run_together(pieces[-1], span, protected, number):
            before = " "
        if span[-1:].isdecimal() and text[at : at + 1].isdecimal():
            span += " "
        pieces += [before, span]
    return "".join([*pieces, text[at:]])


def _run_together(left: str, right: str, protected: Sequence[Protected], number: int) -> bool:
    """Whether what the glossary gives would become one word with its neighbour."""
    is_term = number < len(protected) and protected[number].kind == TERM
    return is_term and left[-1:].isalnum() and right[:1].isalnum()


def claimed(text: str, protected: Sequence[Protected]) -> str:
    """A model's output with placeholders also where it wrote a span out that it has no placeholder
    for.
    """
    for number, span in enumerate(protected):
        mark = placeholder(number)
        if mark not in text:
            literal = re.compile(
                rf"(?<!\w){re.escape(span.text)}(?!\w)"
                if span.text[:1].isalnum()
                else re.escape(span.text)
            )
            text = literal.sub(mark, text, count=1)
    return text
