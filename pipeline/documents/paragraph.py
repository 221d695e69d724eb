"""A paragraph of a language of marks, such as HTML: its texts and the literals between them."""

from __future__ import annotations

import re
from html import escape, unescape

from pipeline.documents.base import swapped_in_spans
from pipeline.documents.document import Swap
from pipeline.documents.inline import Side, Tag
from pipeline.text.normalise import HAN_CHARACTERS

# What a program fills in.
_TEMPLATE = re.compile(r"\{\{[^{}]{0,500}+\}\}|\{%[^{}]{0,500}?%\}|\{#[^{}]{0,500}?#\}")
_SPAN = re.compile(r"<(?:span|font)[\s>]", re.IGNORECASE)
_NAMED = re.compile(r"\s(?:id|name)\s*=", re.IGNORECASE)
_BLANKS = " \t\r\n\f"
_WRAPPED = re.compile(r"[ \t\f]*+[\r\n][ \t\r\n\f]*+|[ \t\f]{2,}+")
_WIDE = re.compile(rf"[{HAN_CHARACTERS}\u3000-\u303f\uff00-\uffef“”‘’…—]")


class Paragraph:
    """What stands between two blocks, piece by piece."""

    def __init__(self) -> None:
        self._content: list[str | Tag] = []
        self._literals: dict[Tag, list[str]] = {}
        self._breaks: list[Tag] = []
        self._source: list[str] = []
        self._keys = 0
        self._last: Tag

    def text(self, literal: str) -> None:
        """Text with entities and line ends as the source has them."""
        at = 0
        for found in _TEMPLATE.finditer(literal):
            self._plain(literal[at : found.start()])
            self.mark(found[0], word=found[0].startswith("{{"))
            at = found.end()
        self._plain(literal[at:])

    def _plain(self, literal: str) -> None:
        if literal:
            self._source.append(literal)
            self._content.append(unescape(literal))

    def mark(
        self, literal: str, side: Side = "single", key: int | None = None, *, word: bool = False
    ) -> Tag:
        """A tag that is kept; of a pair, the closing one has the key of the opening one."""
        if key is None:
            key = self._keys
            self._keys += 1
        tag = Tag(key, side, word)
        self._literals[tag] = [literal]
        self._content.append(tag)
        self._source.append(literal)
        self._last = tag
        return tag

    def lengthen(self, literal: str) -> None:
        """More of the last mark."""
        self._source.append(literal)
        self._literals[self._last].append(literal)

    def line_break(self, literal: str) -> None:
        self._breaks.append(self.mark(literal))

    def rewritten(self, swap: Swap) -> str:
        """The paragraph with its text swapped, letter for letter where that changes nothing."""
        new = swapped_in_spans(self._flowing(), self._look, swap)
        if new is None:
            return "".join(self._source)
        line_end = "".join(self._literals[self._breaks[0]]) if self._breaks else "\n"
        return "".join(
            escape(piece, quote=False).replace("\n", line_end)
            if isinstance(piece, str)
            else "".join(self._literals[piece])
            for piece in new
        )

    def _look(self, tag: Tag) -> str:
        """The literal of a span, but of one that others may point at."""
        literal = "".join(self._literals.get(tag, ()))
        return literal if _SPAN.match(literal) and not _NAMED.search(literal) else ""

    def _flowing(self) -> list[str | Tag]:
        """The content with breaks as line ends; other line ends are blanks, or nothing at all.

        Blanks at the edges are marks, so that they stay.
        """
        breaks = set(self._breaks)
        content = self._edge(self._edge(self._content, 1)[::-1], -1)[::-1]
        flowing: list[str | Tag] = []
        for before, piece, after in zip(
            [None, *content], content, [*content[1:], None], strict=False
        ):
            if not isinstance(piece, str):
                flowing.append("\n" if piece in breaks else piece)
                continue
            text = piece.lstrip(_BLANKS) if before in breaks else piece
            flowing.append(unwrapped(text.rstrip(_BLANKS) if after in breaks else text))
        return flowing

    def _edge(self, content: list[str | Tag], step: int) -> list[str | Tag]:
        """The content, or its reverse, with the blanks that it begins with as a mark."""
        edge: list[str | Tag] = []
        for place, piece in enumerate(content):
            if isinstance(piece, Tag):
                edge.append(piece)
                continue
            text = piece.lstrip(_BLANKS) if step > 0 else piece.rstrip(_BLANKS)
            blank = piece[: len(piece) - len(text)] if step > 0 else piece[len(text) :]
            if blank:
                tag = Tag(self._keys, "single")
                self._keys += 1
                self._literals[tag] = [blank]
                edge.append(tag)
            if text:
                return [*edge, text, *content[place + 1 :]]
        return edge


def unwrapped(text: str) -> str:
    """Text without the line ends of its source: blanks, but nothing between Chinese characters."""

    def joint(found: re.Match[str]) -> str:
        sides = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        return "" if all(map(_WIDE.match, sides)) else " "

    return _WRAPPED.sub(joint, text)
