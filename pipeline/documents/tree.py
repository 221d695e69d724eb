"""Paragraphs of elements within elements, as ODF and XLIFF have them.

Elements that hold text are pairs, all others are marks that stand alone. Neighbours that are alike
in name and attributes are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from pipeline.documents.base import swapped_in_spans
from pipeline.documents.document import Swap
from pipeline.documents.inline import Tag, swapped


@dataclass(frozen=True, slots=True)
class Grammar:
    """Which elements hold text, and which stand for a character of it."""

    pairs: frozenset[str]
    characters: Mapping[str, str] = field(default_factory=dict)
    repeated: str = ""  # the attribute that says how often a character stands
    joins: bool = False  # whether alike neighbours are one
    span: str = ""  # the pair that is nothing but a style


_MOST = 1000  # repetitions of a character


class Content:
    """What an element holds, as strings and tags."""

    def __init__(self, element: etree._Element, grammar: Grammar) -> None:
        self._grammar = grammar
        self._elements: list[etree._Element] = []
        self.pieces: list[str | Tag] = []
        self._used: set[int] = set()
        self._read(element)

    def _read(self, element: etree._Element) -> None:
        self._text(element.text)
        for child in element:
            name = str(child.tag)
            if name in self._grammar.characters:
                times = child.get(self._grammar.repeated, "1")
                count = min(int(times), _MOST) if times.isdecimal() else 1
                self._text(self._grammar.characters[name] * count)
            elif name in self._grammar.pairs:
                key = self._opened(child)
                self._read(child)
                self.pieces.append(Tag(key, "closing"))
            else:
                self._elements.append(child)
                self.pieces.append(Tag(len(self._elements) - 1, "single"))
            self._text(child.tail)

    def _opened(self, child: etree._Element) -> int:
        """The key of a pair: that of the one just closed, if it is the same."""
        last = self.pieces[-1] if self.pieces else None
        if self._grammar.joins and isinstance(last, Tag) and last.side == "closing":
            before = self._elements[last.key]
            if before.tag == child.tag and before.attrib == child.attrib:
                self.pieces.pop()
                return last.key
        self._elements.append(child)
        self.pieces.append(Tag(len(self._elements) - 1, "opening"))
        return len(self._elements) - 1

    def _text(self, text: str | None) -> None:
        if text:
            self.pieces.append(text)

    def put(self, pieces: list[str | Tag], target: etree._Element) -> None:
        """Fill `target` with pieces; its own children are taken away, and elements moved there."""
        for child in list(target):
            target.remove(child)
        target.text = None
        parents = [target]
        for piece in pieces:
            if isinstance(piece, str):
                self._add(parents[-1], piece)
            elif piece.side == "closing":
                parents[1:] = parents[1:-1]
            else:
                element = self._placed(piece.key)
                parents[-1].append(element)
                if piece.side == "opening":
                    for child in list(element):
                        element.remove(child)
                    element.text = None
                    parents.append(element)

    def look(self, tag: Tag) -> str:
        """What a span looks like: the names of its styles."""
        element = self._elements[tag.key]
        if element.tag != self._grammar.span:
            return ""
        return repr(sorted(element.attrib.items()))

    def _placed(self, key: int) -> etree._Element:
        """An element to be put in place; another one like it where it has its place already."""
        element = self._elements[key]
        if key in self._used:
            element = etree.Element(
                element.tag, {str(key): str(value) for key, value in element.attrib.items()}
            )
        self._used.add(key)
        element.tail = None
        return element

    def _add(self, parent: etree._Element, text: str) -> None:
        """Text, with elements for the characters that have some; of blanks the first is itself."""
        elements = {character: tag for tag, character in self._grammar.characters.items()}
        previous = ""
        for character in text:
            if character in elements and (character != " " or previous == " "):
                etree.SubElement(parent, elements[character])
            elif len(parent):
                parent[-1].tail = (parent[-1].tail or "") + character
            else:
                parent.text = (parent.text or "") + character
            previous = character


def rewrite_element(element: etree._Element, grammar: Grammar, swap: Swap) -> bool:
    """Whether the text of an element was exchanged."""
    content = Content(element, grammar)
    new = swapped_in_spans(content.pieces, content.look, swap)
    if new is not None:
        content.put(new, element)
    return new is not None


def fill_from(source: etree._Element, target: etree._Element, grammar: Grammar, swap: Swap) -> bool:
    """Whether `target` was given the translation of what `source` holds, with copies of its
    elements.
    """
    content = Content(deepcopy(source), grammar)
    new = swapped(content.pieces, swap)
    if new is not None:
        content.put(new, target)
    return new is not None
