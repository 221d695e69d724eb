"""A paragraph taken apart into texts and tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from lxml import etree

from pipeline.documents.inline import Tag
from pipeline.documents.runs.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Text:
    """A run's text and its style."""

    text: str
    style: etree._Element | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An element that comes back as it is, in a run of this style where it stood in one."""

    element: etree._Element
    style: etree._Element | None = None
    in_run: bool = False


@dataclass(frozen=True, slots=True)
class _Field:
    key: int
    level: int  # pairs around it
    elements: list[Kept]  # its beginning and its code


class Reader:
    """The pieces of a paragraph, and what its tags stand for. It changes nothing."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.keys = count()
        self.elements: dict[Tag, list[Kept]] = {}
        self.pairs: set[int] = set()
        self.breaks: set[Tag] = set()  # of pages and columns, outside of pairs
        self.edges: dict[str, list[etree._Element]] = {"head": [], "tail": []}
        self._level = 0  # pairs around
        self._fields: list[_Field] = []  # those that have begun
        self._in_code = False  # of a field, which is no text
        self._nested = 0  # fields within that code

    def read(self, parent: etree._Element) -> Iterator[Text | Tag]:
        dialect = self._dialect
        for child in parent:
            if child.tag in dialect.dropped:
                continue
            if child.tag in dialect.head or child.tag in dialect.tail:
                self.edges["head" if child.tag in dialect.head else "tail"].append(child)
            elif child.tag == dialect.run:
                yield from self._run(child)
            elif child.tag in dialect.beside_runs:
                yield Text("\n", child.find(dialect.properties))
            elif child.tag in dialect.pairs:
                yield from self._pair(child)
            else:
                yield self._single(Kept(child))

    def _pair(self, element: etree._Element) -> Iterator[Text | Tag]:
        key = next(self.keys)
        self.pairs.add(key)
        self.elements[Tag(key, "opening")] = [Kept(element)]
        yield Tag(key, "opening")
        holder = self._dialect.holders.get(str(element.tag))
        inside = element if holder is None else element.find(holder)
        self._level += 1
        yield from self.read(inside if inside is not None else element)
        self._level -= 1
        yield Tag(key, "closing")

    def _run(self, run: etree._Element) -> Iterator[Text | Tag]:
        style = run.find(self._dialect.properties)
        for child in run:
            if child is style or child.tag in self._dialect.dropped:
                continue
            if child.tag == self._dialect.field_mark:
                yield from self._field(child, Kept(child, style, in_run=True))
            elif self._in_code:
                self._fields[-1].elements.append(Kept(child, style, in_run=True))
            elif child.tag == self._dialect.text:
                yield Text(child.text or "", style)
            elif child.tag in self._dialect.characters and not child.attrib:
                yield Text(self._dialect.characters[str(child.tag)], style)
            elif child.tag in self._dialect.bases:
                base = child.find(self._dialect.bases[str(child.tag)])
                yield from self.read(base if base is not None else child)
            else:
                yield self._single(Kept(child, style, in_run=True))

    def _single(self, kept: Kept) -> Tag:
        if self._in_code:
            self._fields[-1].elements.append(kept)
            return Tag(self._fields[-1].key, "single")  # says nothing by itself
        tag = Tag(next(self.keys), "single", kept.element.tag in self._dialect.words)
        self.elements[tag] = [kept]
        if self._level == 0 and self._dialect.characters.get(str(kept.element.tag)) == "\n":
            self.breaks.add(tag)
        return tag

    def _field(self, mark: etree._Element, run: Kept) -> Iterator[Tag]:
        """A field's beginning and code are its opening tag, its end the closing one."""
        kind = mark.get(self._dialect.field_kind)
        if self._in_code and (kind == "begin" or self._nested):
            self._nested += {"begin": 1, "end": -1}.get(kind or "", 0)
            self._fields[-1].elements.append(run)
        elif kind == "begin":
            begun = _Field(next(self.keys), self._level, [run])
            self.elements[Tag(begun.key, "opening")] = begun.elements
            self._fields.append(begun)
            self._in_code = True
            yield Tag(begun.key, "opening")
        elif kind == "separate" and self._fields and self._in_code:
            self._fields[-1].elements.append(run)
            self._in_code = False
        elif kind == "end" and self._fields and self._fields[-1].level == self._level:
            self._in_code = False
            tag = Tag(self._fields.pop().key, "closing")
            self.elements[tag] = [run]
            yield tag
        else:  # of a field that began in an earlier paragraph, or outside of this pair
            self._in_code = False
            del self._fields[-1:]
            yield self._single(run)
