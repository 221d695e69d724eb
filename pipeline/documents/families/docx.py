"""Word documents: text, tables, text boxes, headers, footers, notes, comments, charts."""

from __future__ import annotations

from lxml import etree

from pipeline.documents.document import DocumentLimits, Family, Swap, Written
from pipeline.documents.drawing import rewrite_drawing, speak_english
from pipeline.documents.office import rewrite_parts
from pipeline.documents.runs import Dialect, rewrite_paragraph
from pipeline.documents.xml import qualified

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_TYPE = "wordprocessingml.document.main+xml"

WORD = Dialect(
    run=f"{{{_W}}}r",
    properties=f"{{{_W}}}rPr",
    text=f"{{{_W}}}t",
    characters={f"{{{_W}}}br": "\n", f"{{{_W}}}tab": "\t"},
    pairs=qualified(_W, "hyperlink", "ins", "moveTo", "smartTag", "customXml", "fldSimple", "sdt"),
    holders={f"{{{_W}}}sdt": f"{{{_W}}}sdtContent"},
    bases={f"{{{_W}}}ruby": f"{{{_W}}}rubyBase"},
    head=qualified(_W, "pPr", "bookmarkStart", "commentRangeStart", "permStart")
    | qualified(_W, "moveFromRangeStart", "moveToRangeStart"),
    tail=qualified(_W, "bookmarkEnd", "commentRangeEnd", "permEnd")
    | qualified(_W, "moveFromRangeEnd", "moveToRangeEnd"),
    dropped=qualified(_W, "proofErr", "lastRenderedPageBreak", "smartTagPr", "customXmlPr"),
    words=qualified(_W, "sym") | qualified(_M, "oMath"),
    field_mark=f"{{{_W}}}fldChar",
    field_kind=f"{{{_W}}}fldCharType",
    unseen=qualified(_W, "lang", "hint", "eastAsia", "eastAsiaTheme", "noProof"),
)


def _rewrite_text(root: etree._Element, swap: Swap) -> bool:
    """Paragraphs, those in text boxes after the one that they hang on; shapes and their texts."""
    changed = [
        rewrite_paragraph(paragraph, WORD, swap) for paragraph in list(root.iter(f"{{{_W}}}p"))
    ]
    changed.append(rewrite_drawing(root, swap))
    if any(changed):
        speak_english(root, f"{{{_W}}}lang", f"{{{_W}}}val")
    return any(changed)


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    texts = r"word/(?:document\d*|footnotes|endnotes|comments|(?:header|footer)\d*)\.xml"
    drawings = r"word/(?:charts/chart|diagrams/(?:data|drawing))\d*\.xml"
    parts = [(texts, _rewrite_text), (drawings, rewrite_drawing)]
    return rewrite_parts(content, swap, limits, _TYPE, parts)


FAMILY = Family(
    extensions=(".docx",),
    media_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    rewrite=rewrite,
    container="zip",
)
