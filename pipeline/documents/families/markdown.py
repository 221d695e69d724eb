"""Markdown: paragraphs, headings, lists, tables and the HTML between them.

1. markdown-it says which lines are text, and where in them links, code and emphasis stand.
2. Of these the marks are made; code, addresses, pictures and references stay letter for letter.
   A link that points by its own text points by a label from then on.
3. A paragraph's lines are one text, and its translation is one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

from pipeline.documents.document import DocumentLimits, DocumentTooLarge, Family, Swap, Written
from pipeline.documents.encoding import read_text
from pipeline.documents.families.html import rewrite_html
from pipeline.documents.inline import Tag, swapped
from pipeline.documents.marked import parser, places
from pipeline.documents.paragraph import unwrapped
from pipeline.text.normalise import HAN

# The parser needs seconds and hundreds of megabytes for more.
_MOST_CHARACTERS, _MOST_LINES = 1_000_000, 50_000
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r|\Z)")
# What would begin another block; the digits of a number stay before the backslash.
_BLOCK = re.compile(r"(\d{1,9}(?=[.)]\s)|(?=#{1,6}\s|[-+*]\s|>))")
_WORDS = ("code_inline", "link")  # code, and addresses in <>


def rewrite_markdown(source: str, swap: Swap) -> str:
    lines = [found[0] for found in _LINE.finditer(source) if found[0]]
    start = _front_matter(lines)
    page = _Page(lines[start:])
    for token in parser().parse("".join(line.rstrip("\r\n") + "\n" for line in lines[start:])):
        page.take(token, swap)
    return "".join([*lines[:start], *page.lines])


def _front_matter(lines: Sequence[str]) -> int:
    """How many lines the settings take with which a page may begin."""
    fence = lines[0].rstrip() if lines else ""
    if fence not in ("---", "+++"):
        return 0
    ends = (place for place, line in enumerate(lines) if place and line.rstrip() == fence)
    return next(ends, -1) + 1


class _Page:
    """The lines of a page, exchanged one block after another."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._cell = False
        self._row, self._column = -1, 0  # where the last cell ended

    def take(self, token: Token, swap: Swap) -> None:
        if token.type in ("th_open", "td_open"):
            self._cell = True
        elif token.type == "html_block" and token.map:
            first, last = token.map
            self._put(first, last, rewrite_html("".join(self.lines[first:last]), swap))
        elif token.type == "inline" and token.map:
            if self._cell:
                self._exchange_cell(token, token.map[0], swap)
            elif HAN.search(token.content):
                self._exchange(token, token.map[0], swap)
            self._cell = False

    def _put(self, first: int, last: int, text: str) -> None:
        """Put text in place of lines, whose number stays."""
        self.lines[first:last] = [text, *[""] * (last - first - 1)]

    def _exchange(self, token: Token, first: int, swap: Swap) -> None:
        parts = token.content.split("\n")
        starts = [_start(line, part) for line, part in zip(self.lines[first:], parts, strict=False)]
        new = _rewritten(token, swap)
        if new is None or -1 in starts:
            return
        prefixes = [line[:start] for line, start in zip(self.lines[first:], starts, strict=False)]
        last = first + len(parts) - 1
        end = self.lines[last][starts[-1] + len(parts[-1].strip()) :]
        line_end = "\r\n" if self.lines[first].endswith("\r\n") else "\n"
        opens = _BLOCK.match(new) and not _BLOCK.match(token.content)
        lines = _BLOCK.sub(r"\1\\", new, count=1) if opens else new
        text = "".join(
            (line_end if place else "") + prefixes[min(place, len(prefixes) - 1)] + line
            for place, line in enumerate(lines.split("\n"))
        )
        self._put(first, last + 1, text + end)

    def _exchange_cell(self, token: Token, row: int, swap: Swap) -> None:
        """A cell stands on its row's line, behind the cell before it."""
        line = self.lines[row]
        at = self._column if row == self._row else 0
        written = token.content.replace("|", "\\|")
        start = line.find(written, at)
        if start < 0:
            return
        new = _rewritten(token, swap) if HAN.search(token.content) else None
        text = written if new is None else new.replace("|", "\\|")
        self.lines[row] = line[:start] + text + line[start + len(written) :]
        self._row, self._column = row, start + len(text)


def _start(line: str, part: str) -> int:
    """Where a line of a paragraph stands in its source's line, -1 if not to be found."""
    text = part.strip()
    whole = line.rstrip()
    return len(whole) - len(text) if whole.endswith(text) else whole.find(text)


def _rewritten(token: Token, swap: Swap) -> str | None:
    """A paragraph's source with its translation, on one line but for hard breaks."""
    source, at = token.content, 0
    content: list[str | Tag] = []
    literals: dict[Tag, str] = {}
    opened: list[tuple[str, int]] = []
    for key, place in enumerate(places(token.children or [])):
        if place.start < at or place.name == "softbreak":
            continue
        if place.name == "hardbreak":
            content += [unwrapped(source[at : place.start].rstrip(" ")), "\n"]
            at = place.end
            continue
        tag = Tag(key, "single", place.name in _WORDS)
        if place.side == "opening":
            opened.append((place.name, key))
            tag = Tag(key, "opening")
        elif place.side == "closing" and opened and opened[-1][0] == place.name:
            tag = Tag(opened.pop()[1], "closing")
        content += [unwrapped(source[at : place.start]), tag]
        written = source[place.start : place.end]
        literals[tag] = f"][{place.label}]" if not place.label.isascii() else written
        at = place.end
    new = swapped([*content, unwrapped(source[at:])], swap)
    if new is None:
        return None
    return "".join(
        piece.replace("\n", "\\\n") if isinstance(piece, str) else literals[piece] for piece in new
    )


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    text = read_text(content, limits)
    if len(text.text) > _MOST_CHARACTERS:
        raise DocumentTooLarge(f"has more than {_MOST_CHARACTERS} characters: split it")
    if text.text.count("\n") > _MOST_LINES:
        raise DocumentTooLarge(f"has more than {_MOST_LINES} lines: split it")
    return text.written(rewrite_markdown(text.text, swap))


FAMILY = Family(extensions=(".md", ".markdown"), media_type="text/markdown", rewrite=rewrite)
