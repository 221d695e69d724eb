"""Which texts of a paragraph look alike, and which stand out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy

from lxml import etree

from pipeline.documents.inline import Tag
from pipeline.documents.runs.reader import Reader, Text
from pipeline.text.normalise import HAN


def styled(
    pieces: Sequence[Text | Tag], reader: Reader, unseen: frozenset[str]
) -> tuple[list[str | Tag], dict[int, etree._Element | None]]:
    """Content with a pair of tags around each stretch of another style than the paragraph's.

    The styles are by the keys of these pairs; that of the paragraph has the key -1.
    """
    base = _base(pieces, unseen)
    content: list[str | Tag] = []
    styles: dict[int, etree._Element | None] = {}
    current, key = base, -1
    for piece in pieces:
        look = _look(piece.style, unseen) if isinstance(piece, Text) else base
        if isinstance(piece, Text) and look == base:
            styles.setdefault(-1, piece.style)
        if look != current:
            if key >= 0:
                content.append(Tag(key, "closing"))
            key = next(reader.keys) if look != base else -1
            if isinstance(piece, Text) and key >= 0:
                styles[key] = piece.style
                content.append(Tag(key, "opening"))
            current = look
        if isinstance(piece, Text):
            content.append(piece.text)
        elif piece in reader.elements or piece.key in reader.pairs:
            content.append(piece)
    return [*content, *([Tag(key, "closing")] if key >= 0 else [])], styles


def _base(pieces: Sequence[Text | Tag], unseen: frozenset[str]) -> bytes:
    """The look of most of the Chinese, of that outside of links and the like if there is some."""
    outside: Counter[bytes] = Counter()
    whole: Counter[bytes] = Counter()
    depth = 0
    for piece in pieces:
        if isinstance(piece, Tag):
            depth += {"opening": 1, "closing": -1, "single": 0}[piece.side]
            continue
        look, characters = _look(piece.style, unseen), len(HAN.findall(piece.text))
        whole[look] += characters
        if depth == 0:
            outside[look] += characters
    weight = outside if outside.total() else whole
    return max(weight, key=lambda look: weight[look], default=b"")


def _look(style: etree._Element | None, unseen: frozenset[str]) -> bytes:
    """What is to be seen of a style."""
    if style is None:
        return b""
    seen = deepcopy(style)
    seen.tail = None
    for element in list(seen.iter()):
        names = unseen & set(map(str, element.attrib))
        for name in names:
            del element.attrib[name]
        parent = element.getparent()
        if parent is not None and (element.tag in unseen or (names and not element.attrib)):
            parent.remove(element)
    return etree.tostring(seen, method="c14n") if len(seen) or seen.attrib else b""
