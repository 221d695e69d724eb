"""Office Open XML: the parts of .docx, .pptx and .xlsx that have texts, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lxml import etree

from pipeline.documents.document import (
    DocumentLimits,
    Swap,
    UnreadableDocument,
    UnsupportedDocument,
    Written,
)
from pipeline.documents.drawing import rewrite_text
from pipeline.documents.package import Package
from pipeline.documents.xml import parse, serialise
from pipeline.text.normalise import HAN

# Whether a text of the part was exchanged.
Rewrite = Callable[[etree._Element, Swap], bool]

_TYPES = "[Content_Types].xml"
_RELATIONS, _STRICT = "_rels/.rels", b"http://purl.oclc.org/ooxml"
_MACROS = re.compile(r"vbaProject|\.bin\.vba|macrosheets/|activeX/", re.IGNORECASE)
_PROPERTIES = "docProps/core.xml"
_TITLES = re.compile(r"\{http://purl\.org/dc/elements/1\.1/\}(?:title|subject|description)")


def rewrite_parts(
    content: bytes,
    swap: Swap,
    limits: DocumentLimits,
    main_type: str,
    parts: Sequence[tuple[str, Rewrite]],
) -> Written:
    """Rewrite the parts whose names match; `main_type` is in the type of the document's main part.

    Raises UnsupportedDocument for macros and for another kind of document.
    """
    package = Package(content, limits)
    check_kind(package, main_type)
    patterns = [(re.compile(pattern), rewrite) for pattern, rewrite in parts]
    changed: dict[str, bytes] = {}
    for name in package.names:
        for pattern, rewrite in patterns:
            if pattern.fullmatch(name) and may_have_chinese(part := package.read(name)):
                root = parse(part, limits)
                if rewrite(root, swap):
                    changed[name] = serialise(root, part)
    if package.has(_PROPERTIES):
        core = package.read(_PROPERTIES)
        root = parse(core, limits)
        titles = [element for element in root.iter() if _TITLES.fullmatch(str(element.tag))]
        if sum(rewrite_text(title, swap) for title in titles):
            changed[_PROPERTIES] = serialise(root, core)
    return repacked(package, content, changed)


def may_have_chinese(part: bytes) -> bool:
    """Whether a part is worth parsing: large sheets of numbers are not."""
    try:
        return b"&#" in part or bool(HAN.search(part.decode()))
    except UnicodeDecodeError:
        return True  # in another encoding


def repacked(package: Package, content: bytes, changed: Mapping[str, bytes]) -> Written:
    """The archive with the parts that changed; the very same where none did."""
    return Written(lambda: package.packed(changed) if changed else content)


def check_kind(package: Package, main_type: str) -> None:
    """Raises UnsupportedDocument unless the archive is what its name says, without macros."""
    if not package.has(_TYPES):
        raise UnreadableDocument("is no Office document inside: give it its right extension")
    if package.has(_RELATIONS) and _STRICT in package.read(_RELATIONS):
        raise UnsupportedDocument("is of the strict kind: save it as an ordinary one")
    types = package.read(_TYPES)
    if any(_MACROS.search(name) for name in package.names) or b"macroEnabled" in types:
        raise UnsupportedDocument("has macros: save it without them (.docx, .pptx or .xlsx)")
    if main_type.encode() not in types:
        raise UnsupportedDocument("is another kind of Office document: give it its right extension")
