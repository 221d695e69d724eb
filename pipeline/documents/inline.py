"""Marks within a text: styles, links, images, notes, whatever a family knows them by.

1. A family gives the content of a paragraph: strings, and tags between them.
2. What a translation does not need to see is taken away: marks around the whole, a pair around
   another, marks that touch. A pair around no Chinese is one mark with its text.
3. The text has `<g1>…</g1>` for a pair and `<x2/>` for a mark that stands alone, which the pipeline
   masks and restores.
4. Of the translation, content is made again. Marks that were lost, doubled or crossed are mended:
   text is never lost, what is opened is closed, and no mark stands twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from pipeline.documents.document import Swap
from pipeline.documents.mend import BLANK, Mark, mended
from pipeline.text.normalise import HAN

_DEEPEST = 32  # pairs within pairs; deeper ones are marks that stand alone


Side = Literal["opening", "closing", "single"]


@dataclass(frozen=True, slots=True)
class Tag:
    """A mark; `key` names what it is to the family, both tags of a pair have the same.

    A mark that is a `word` of the sentence stays in it: code, a formula, what a program fills in.
    """

    key: int
    side: Side
    word: bool = False


Content = Sequence[str | Tag]


@dataclass(slots=True)
class _Single:
    """What stands alone: tags, and text that stays as it is."""

    content: list[str | Tag]

    @property
    def wordless(self) -> bool:
        return not any(isinstance(piece, str) or piece.word for piece in self.content)


@dataclass(slots=True)
class _Pair:
    opening: list[str | Tag]
    inside: list[_Node]
    closing: list[str | Tag]


_Node = str | _Single | _Pair


def swapped(content: Content, swap: Swap) -> list[str | Tag] | None:
    """The content with its translation; None where nothing changes, or there is no Chinese.

    Tags that are balanced in `content` are balanced in what comes back.
    """
    if not HAN.search(_visible(content)):
        return None
    before, nodes, after = _core(_simplified(_parsed(content)))
    marks: dict[Mark, list[str | Tag]] = {}
    text = "".join(_written(nodes, marks, _numbers(content)))
    translation = swap(text)
    if translation == text:
        return None
    return [*before, *_restored(translation, text, marks), *after]


def _visible(content: Iterable[str | Tag]) -> str:
    return "".join(piece for piece in content if isinstance(piece, str))


def _parsed(content: Content) -> list[_Node]:
    """Pairs within pairs; a tag without its partner, or that crosses a pair, stands alone."""
    partners = _partners(content)
    levels: list[list[_Node]] = [[]]
    for place, piece in enumerate(content):
        if isinstance(piece, str):
            if piece:
                levels[-1].append(piece)
        elif place not in partners:
            levels[-1].append(_Single([piece]))
        elif piece.side == "opening":
            levels.append([])
        else:
            inside = levels.pop()
            levels[-1].append(_Pair([content[partners[place]]], inside, [piece]))
    return levels[0]


def _partners(content: Content) -> dict[int, int]:
    """The place of the other tag of each pair that is properly nested."""
    opened: list[tuple[int, int]] = []
    waiting: set[int] = set()
    partners: dict[int, int] = {}
    for place, piece in enumerate(content):
        if isinstance(piece, str) or piece.side == "single":
            continue
        if piece.side == "opening" and len(opened) < _DEEPEST:
            opened.append((piece.key, place))
            waiting.add(piece.key)
        elif piece.side == "closing" and piece.key in waiting:
            while opened:
                key, start = opened.pop()
                waiting.discard(key)
                if key == piece.key:
                    partners |= {place: start, start: place}
                    break
    return partners


def _simplified(nodes: Sequence[_Node]) -> list[_Node]:
    """Fewer nodes that say the same (see the module's second point)."""
    simple: list[_Node] = []
    for node in nodes:
        if isinstance(node, _Pair):
            node = _simplified_pair(node)
        last = simple[-1] if simple else None
        if isinstance(node, _Single) and isinstance(last, _Single):
            last.content += node.content
        elif isinstance(node, str) and isinstance(last, str):
            simple[-1] = last + node
        else:
            simple.append(node)
    return simple


def _simplified_pair(pair: _Pair) -> _Node:
    flat = [*pair.opening, *_flat(pair.inside), *pair.closing]
    if not HAN.search(_visible(flat)):
        return _Single(flat)
    nodes = _simplified(pair.inside)
    before, inside, after = _core(nodes)
    if not _visible([*before, *after]):
        return _Pair([*pair.opening, *before], inside, [*after, *pair.closing])
    return _Pair(pair.opening, nodes, pair.closing)


def _core(nodes: Sequence[_Node]) -> tuple[list[str | Tag], list[_Node], list[str | Tag]]:
    """The nodes without what stands around all of their words, and that, before and after."""
    start, end = 0, len(nodes)
    while start < end and _edge(nodes[start]):
        start += 1
    while end > start and _edge(nodes[end - 1]):
        end -= 1
    before, core, after = list(_flat(nodes[:start])), nodes[start:end], list(_flat(nodes[end:]))
    if len(core) == 1 and isinstance(core[0], _Pair):
        inner, nodes, outer = _core(core[0].inside)
        return [*before, *core[0].opening, *inner], nodes, [*outer, *core[0].closing, *after]
    return before, list(core), after


def _edge(node: _Node) -> bool:
    return (isinstance(node, str) and not node.strip()) or (
        isinstance(node, _Single) and node.wordless
    )


def _flat(nodes: Iterable[_Node]) -> Iterator[str | Tag]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, _Single):
            yield from node.content
        else:
            yield from (*node.opening, *_flat(node.inside), *node.closing)


def _numbers(content: Content) -> Iterator[int]:
    """Numbers of marks that the text itself does not have."""
    taken = set(re.findall(r"</?[gx](\d{1,9})/?>", _visible(content)))
    return (number for number in count(1) if str(number) not in taken)


def _written(
    nodes: Iterable[_Node], marks: dict[Mark, list[str | Tag]], numbers: Iterator[int]
) -> Iterator[str]:
    """The text of the nodes; `marks` takes what its marks stand for."""
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, _Single):
            mark = Mark(next(numbers), "single")
            marks[mark] = node.content
            yield str(mark)
        else:
            number = next(numbers)
            opening, closing = Mark(number, "opening"), Mark(number, "closing")
            marks |= {opening: node.opening, closing: node.closing}
            yield str(opening)
            yield from _written(node.inside, marks, numbers)
            yield str(closing)


def _restored(
    translation: str, text: str, marks: dict[Mark, list[str | Tag]]
) -> Iterator[str | Tag]:
    """The content of a translation, and at its end what would be lost with marks that are."""
    kept: set[Mark] = set()
    last = ""
    for piece in mended(translation, text, set(marks)):
        if isinstance(piece, str):
            yield piece
        else:
            kept.add(piece)
            yield from marks[piece]
        last = piece if isinstance(piece, str) else _visible(marks[piece])
    for mark, content in marks.items():
        lost = [] if mark in kept else _unpaired(content) if mark.side != "single" else content
        if _visible(lost) and last and not BLANK.match(last[-1]):
            yield " "
        yield from lost


def _unpaired(content: Iterable[str | Tag]) -> list[str | Tag]:
    """What stands beside the tags of a pair."""
    tags = list(content)
    keys = [tag.key for tag in tags if isinstance(tag, Tag)]
    return [
        tag
        for tag in tags
        if isinstance(tag, Tag) and (tag.side == "single" or keys.count(tag.key) > 1)
    ]
