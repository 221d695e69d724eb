"""Paragraphs of runs, as Office Open XML has them: text with a style each, side by side.

1. Neighbouring runs of one style are one: programs split them at every correction.
2. What most of the Chinese is written in is the paragraph's style; runs of another one are marks.
3. Pictures, references to notes, formulas and fields are marks that stand alone; links, changes
   and the like are pairs. Marks of no width (bookmarks) move to the paragraph's edges.
4. Made anew, a paragraph has its own elements, moved, and fresh runs with copies of their styles.
"""

from __future__ import annotations

from lxml import etree

from pipeline.documents.document import Swap
from pipeline.documents.inline import swapped
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
    new = swapped(content, swap)
    if new is None:
        return False
    Writer(dialect, paragraph, reader, styles).write(new)
    return True
