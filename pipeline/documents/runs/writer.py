"""A paragraph put together again from texts and tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy

from lxml import etree

from pipeline.documents.inline import Tag
from pipeline.documents.runs.dialect import Dialect
from pipeline.documents.runs.reader import Kept, Reader
from pipeline.documents.xml import SPACE


class Writer:
    """Puts content into a paragraph in place of what it had."""

    def __init__(
        self,
        dialect: Dialect,
        paragraph: etree._Element,
        reader: Reader,
        styles: Mapping[int, etree._Element | None],
    ) -> None:
        self._dialect, self._reader, self._styles = dialect, reader, styles
        self._paragraph = paragraph
        self._parents = [paragraph]
        self._style = [styles.get(-1)]

    def write(self, content: Iterable[str | Tag]) -> None:
        for child in list(self._paragraph):
            self._paragraph.remove(child)
        self._paragraph.extend(self._reader.edges["head"])
        for piece in content:
            if isinstance(piece, str):
                self._parents[-1].extend(self._runs(piece))
            elif piece.key in self._styles:
                self._turn(piece)
            elif piece.key in self._reader.pairs:
                self._enter_or_leave(piece)
            else:
                new = [self._kept(kept) for kept in self._reader.elements[piece]]
                self._parents[-1].extend(new)
        self._paragraph.extend(self._reader.edges["tail"])

    def _turn(self, tag: Tag) -> None:
        if tag.side == "opening":
            self._style.append(self._styles[tag.key])
        else:
            self._style.pop()

    def _enter_or_leave(self, tag: Tag) -> None:
        if tag.side == "closing":
            if len(self._parents) > 1:
                self._parents.pop()
            return
        element = self._reader.elements[tag][0].element
        holder = self._dialect.holders.get(str(element.tag))
        found = None if holder is None else element.find(holder)
        inside = element if found is None else found
        for child in list(inside):
            inside.remove(child)
        element.tail = None
        self._parents[-1].append(element)
        self._parents.append(inside)

    def _runs(self, text: str) -> Iterator[etree._Element]:
        """Runs with a text, its line ends and tabs as elements."""
        marks = {character: tag for tag, character in self._dialect.characters.items()}
        for tag in self._dialect.beside_runs:
            marks["\n"] = tag
        run: etree._Element | None = None
        for piece in _pieces(text, frozenset(marks)):
            tag = marks.get(piece, self._dialect.text)
            if tag in self._dialect.beside_runs:
                yield from [] if run is None else [run]
                run = None
                yield self._styled_element(tag)
                continue
            if run is None:
                run = self._styled_element(self._dialect.run)
            child = etree.SubElement(run, tag)
            if piece not in marks:
                child.text = piece
                if piece != piece.strip() and self._dialect.spaced:
                    child.set(SPACE, "preserve")
        if run is not None:
            yield run

    def _kept(self, kept: Kept) -> etree._Element:
        kept.element.tail = None
        if not kept.in_run:
            return kept.element
        run = etree.Element(self._dialect.run)
        if kept.style is not None:
            run.append(deepcopy(kept.style))
        run.append(kept.element)
        return run

    def _styled_element(self, tag: str) -> etree._Element:
        element = etree.Element(tag)
        if self._style[-1] is not None:
            element.append(deepcopy(self._style[-1]))
        return element


def _pieces(text: str, marks: frozenset[str]) -> Iterator[str]:
    """The text cut at each of the marks, which are pieces themselves."""
    start = 0
    for place, character in enumerate(text):
        if character in marks:
            yield from filter(None, (text[start:place], character))
            start = place + 1
    yield from filter(None, [text[start:]])
