"""Paragraphs of runs, as Office Open XML has them: text with a style each, side by side.

1. Neighbouring runs of one style are one: programs split them at every correction.
2. What most of the Chinese is written in is the paragraph's style; runs of another one are marks.
   What stands in links and the like counts only where all of it does.
3. Pictures, references to notes, formulas and fields are marks that stand alone; links, changes
   and the like are pairs. Marks of no width (bookmarks) move to the paragraph's edges.
   A break of the page or column parts the text.
4. Made anew, a paragraph has its own elements, moved, and fresh runs with copies of their styles.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from pipeline.documents.document import Swap
from pipeline.documents.inline import Content, Tag, swapped
from pipeline.documents.runs.dialect import Dialect
from pipeline.documents.runs.reader import Reader
from pipeline.documents.runs.styles import styled
from pipeline.documents.runs.writer import Writer
from pipeline.text.normalise import HAN

__all__ = ["Dialect", "rewrite_paragraph"]


def rewrite_paragraph(paragraph: etree._Element, dialect: Dialect, swap: Swap) -> bool:
    """Whether the paragraph's text was exchanged."""
    if not any(HAN.search(element.text or "") for element in paragraph.iter(dialect.text)):
        return False
    reader = Reader(dialect)
    content, styles = styled(list(reader.read(paragraph)), reader, dialect.unseen)
    new: list[str | Tag] = []
    changed = False
    for part in _parts(content, reader.breaks):
        translated = swapped(part, swap)
        changed = changed or translated is not None
        new += part if translated is None else translated
    if changed:
        Writer(dialect, paragraph, reader, styles).write(new)
    return changed


def _parts(content: Content, breaks: set[Tag]) -> Iterator[Content]:
    """What stands before, between and behind the breaks of pages, and these themselves."""
    start = 0
    for place, piece in enumerate(content):
        if piece in breaks:
            yield content[start:place]
            yield content[place : place + 1]
            start = place + 1
    yield content[start:]
