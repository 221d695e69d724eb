"""DrawingML: the paragraphs of slides, shapes, charts and diagrams in all kinds of Office files."""

from __future__ import annotations

from lxml import etree

from pipeline.documents.document import Swap
from pipeline.documents.runs import Dialect, rewrite_paragraph
from pipeline.documents.xml import qualified
from pipeline.text.normalise import HAN

_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"

DRAWING = Dialect(
    run=f"{{{_A}}}r",
    properties=f"{{{_A}}}rPr",
    text=f"{{{_A}}}t",
    beside_runs=qualified(_A, "br"),
    head=qualified(_A, "pPr"),
    tail=qualified(_A, "endParaRPr"),
    spaced=False,
    unseen=qualified(_A, "ea")
    | frozenset(["lang", "altLang", "dirty", "err", "smtClean", "noProof", "bmk"]),
)


def rewrite_drawing(root: etree._Element, swap: Swap) -> bool:
    """Whether a text of the part was exchanged: paragraphs, and labels that a chart remembers."""
    changed = [
        rewrite_paragraph(paragraph, DRAWING, swap) for paragraph in list(root.iter(f"{{{_A}}}p"))
    ]
    for cache in root.iter(f"{{{_CHART}}}strCache", f"{{{_CHART}}}multiLvlStrCache"):
        for value in cache.iter(f"{{{_CHART}}}v"):
            changed.append(rewrite_text(value, swap))
    return any(changed)


def rewrite_text(element: etree._Element, swap: Swap) -> bool:
    """Whether the text of an element without children was exchanged."""
    text = element.text or ""
    if len(element) or not HAN.search(text):
        return False
    element.text = swap(text)
    return element.text != text


def speak_english(root: etree._Element, properties: str, attribute: str) -> None:
    """Say of the styles that their text is English, so that it is hyphenated and proofread so."""
    for element in root.iter(properties):
        if element.get(attribute, "").lower().startswith("zh"):
            element.set(attribute, "en-US")
