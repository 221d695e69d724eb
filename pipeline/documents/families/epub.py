"""Electronic books: their pages, tables of contents and titles."""

from __future__ import annotations

import re

from lxml import etree

from pipeline.documents.document import (
    DocumentLimits,
    DocumentTooLarge,
    Family,
    Swap,
    UnreadableDocument,
    UnsupportedDocument,
    Written,
)
from pipeline.documents.drawing import rewrite_text
from pipeline.documents.encoding import read_text
from pipeline.documents.families.html import rewrite_html
from pipeline.documents.office import repacked
from pipeline.documents.package import Package
from pipeline.documents.xml import local, parse, serialise

_KIND = b"application/epub+zip"
_PAGE = re.compile(r".*\.(?:xhtml|html|htm)", re.IGNORECASE)
_CONTENTS = re.compile(r".*\.(?:opf|ncx)", re.IGNORECASE)
_RIGHTS = ("META-INF/rights.xml", "META-INF/license.lcpl")
_TEXTS = frozenset(["title", "description", "subject", "text"])  # of a package and its contents


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    package = Package(content, limits)
    if not package.has("mimetype") or not package.read("mimetype").startswith(_KIND):
        raise UnsupportedDocument("is no EPUB inside: give it its right extension")
    if any(map(package.has, _RIGHTS)):
        raise UnreadableDocument("is protected against copying: use one that is not")
    changed: dict[str, bytes] = {}
    for name in package.names:
        if _PAGE.fullmatch(name):
            page = package.read(name)
            new = _page(page, swap, limits)
            if new != page:
                changed[name] = new
        elif _CONTENTS.fullmatch(name):
            part = package.read(name)
            root = parse(part, limits)
            if _rewrite_contents(root, swap):
                changed[name] = serialise(root, part)
    return repacked(package, content, changed)


def _page(page: bytes, swap: Swap, limits: DocumentLimits) -> bytes:
    if page.count(b"<") > limits.elements:
        raise DocumentTooLarge(f"has a page of more than {limits.elements} tags: split it")
    text = read_text(page, limits)
    return text.written(rewrite_html(text.text, swap, xml=True)).content()


def _rewrite_contents(root: etree._Element, swap: Swap) -> bool:
    elements = [element for element in root.iter() if local(element) in _TEXTS]
    changed = sum(rewrite_text(element, swap) for element in elements) > 0
    languages = [element for element in root.iter() if local(element) == "language"]
    for element in languages if changed else []:
        if (element.text or "").lower().startswith("zh"):
            element.text = "en"
    return changed


FAMILY = Family(
    extensions=(".epub",), media_type="application/epub+zip", rewrite=rewrite, container="zip"
)
