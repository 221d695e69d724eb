"""OpenDocument texts and presentations: what LibreOffice Writer and Impress save."""

from __future__ import annotations

import re
from functools import partial

from lxml import etree

from pipeline.documents.document import (
    DocumentLimits,
    Family,
    Swap,
    UnreadableDocument,
    UnsupportedDocument,
    Written,
)
from pipeline.documents.drawing import rewrite_text
from pipeline.documents.office import repacked
from pipeline.documents.package import Package
from pipeline.documents.tree import Grammar, rewrite_element
from pipeline.documents.xml import parse, qualified, serialise

_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_DC = "http://purl.org/dc/elements/1.1/"
_PARTS = re.compile(r"(?:Object \d+/)?(?:content|styles|meta)\.xml")  # charts are objects
_MANIFEST = "META-INF/manifest.xml"

PARAGRAPH = Grammar(
    pairs=qualified(_TEXT, "span", "a", "ruby", "ruby-base", "meta"),
    characters={f"{{{_TEXT}}}s": " ", f"{{{_TEXT}}}tab": "\t", f"{{{_TEXT}}}line-break": "\n"},
    repeated=f"{{{_TEXT}}}c",
    joins=True,
    span=f"{{{_TEXT}}}span",
)


def _rewrite(content: bytes, swap: Swap, limits: DocumentLimits, *, media_type: str) -> Written:
    package = Package(content, limits)
    _check_kind(package, media_type)
    changed: dict[str, bytes] = {}
    for name in package.names:
        if _PARTS.fullmatch(name):
            part = package.read(name)
            root = parse(part, limits)
            if _rewrite_part(root, swap):
                changed[name] = serialise(root, part)
    return repacked(package, content, changed)


def _check_kind(package: Package, media_type: str) -> None:
    if not package.has("content.xml") or not package.has("mimetype"):
        raise UnreadableDocument("is no OpenDocument file inside: give it its right extension")
    if package.read("mimetype").strip() != media_type.encode():
        raise UnsupportedDocument("is another kind of file: give it its right extension")
    if package.has(_MANIFEST) and b"encryption-data" in package.read(_MANIFEST):
        raise UnreadableDocument("is encrypted: save it without a password")
    if any(name.startswith(("Basic/", "Scripts/")) for name in package.names):
        raise UnsupportedDocument("has macros: save it without them")


def _rewrite_part(root: etree._Element, swap: Swap) -> bool:
    paragraphs = list(root.iter(*qualified(_TEXT, "p", "h")))
    titles = list(root.iter(*qualified(_DC, "title", "subject", "description")))
    return any(
        [
            *[rewrite_element(paragraph, PARAGRAPH, swap) for paragraph in paragraphs],
            *[rewrite_text(title, swap) for title in titles],
        ]
    )


def _family(extension: str, kind: str) -> Family:
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    return Family(
        extensions=(extension,),
        media_type=media_type,
        rewrite=partial(_rewrite, media_type=media_type),
        container="zip",
    )


FAMILY = _family(".odt", "text")
PRESENTATION = _family(".odp", "presentation")
