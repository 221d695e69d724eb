"""Marks within a text: styles, links, images, notes, whatever a family knows them by.

1. A family gives the content of a paragraph: strings, and tags between them.
2. What a translation does not need to see of them is taken away (nodes.py).
3. The text has `<g1>…</g1>` for a pair and `<x2/>` for a mark that stands alone, which the pipeline
   masks and restores.
4. Of the translation, content is made again. Marks that were lost, doubled or crossed are mended:
   text is never lost, what is opened is closed, and no mark stands twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import count

from pipeline.documents.document import Swap
from pipeline.documents.mend import BLANK, Mark, mended
from pipeline.documents.nodes import (
    Content,
    Node,
    Side,
    Single,
    Tag,
    core,
    parsed,
    simplified,
    visible,
)
from pipeline.text.normalise import HAN

__all__ = ["Content", "Side", "Tag", "swapped"]


def swapped(content: Content, swap: Swap) -> list[str | Tag] | None:
    """The content with its translation; None where nothing changes, or there is no Chinese.

    Tags that are balanced in `content` are balanced in what comes back.
    """
    if not HAN.search(visible(content)):
        return None
    before, nodes, after = core(simplified(parsed(content)))
    marks: dict[Mark, list[str | Tag]] = {}
    text = "".join(_written(nodes, marks, _numbers(content)))
    translation = swap(text)
    if translation == text:
        return None
    return [*before, *_restored(translation, text, marks), *after]


def _numbers(content: Content) -> Iterator[int]:
    """Numbers of marks that the text itself does not have."""
    taken = set(re.findall(r"</?[gx](\d{1,9})/?>", visible(content)))
    return (number for number in count(1) if str(number) not in taken)


def _written(
    nodes: Iterable[Node], marks: dict[Mark, list[str | Tag]], numbers: Iterator[int]
) -> Iterator[str]:
    """The text of the nodes; `marks` takes what its marks stand for."""
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, Single):
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
        last = piece if isinstance(piece, str) else visible(marks[piece])
    for mark, content in marks.items():
        lost = [] if mark in kept else _unpaired(content) if mark.side != "single" else content
        if visible(lost) and last and not BLANK.match(last[-1]):
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
