"""PowerPoint presentations: slides, tables, notes, layouts, charts, diagrams, comments."""

from __future__ import annotations

from lxml import etree

from pipeline.documents.document import DocumentLimits, Family, Swap, Written
from pipeline.documents.drawing import DRAWING, rewrite_drawing, rewrite_text, speak_english
from pipeline.documents.office import rewrite_parts

_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_TYPE = "presentationml.presentation.main+xml"


def _rewrite_slide(root: etree._Element, swap: Swap) -> bool:
    changed = rewrite_drawing(root, swap)
    if changed:
        speak_english(root, DRAWING.properties, "lang")
    return changed


def _rewrite_comments(root: etree._Element, swap: Swap) -> bool:
    return sum(rewrite_text(text, swap) for text in root.iter(f"{{{_P}}}text")) > 0


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    slides = r"ppt/(?:slides|notesSlides|slideLayouts|slideMasters)/[A-Za-z]+\d+\.xml"
    parts = [
        (slides, _rewrite_slide),
        (r"ppt/(?:charts/chart|diagrams/(?:data|drawing))\d*\.xml", rewrite_drawing),
        (r"ppt/comments/comment\d+\.xml", _rewrite_comments),
    ]
    return rewrite_parts(content, swap, limits, _TYPE, parts)


FAMILY = Family(
    extensions=(".pptx",),
    media_type="application/vnd.openxmlformats-officedocument.presentationml.presentation",
    rewrite=rewrite,
    container="zip",
)
