"""XML, read so that it can do no harm, and written as it was."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from pipeline.documents.document import DocumentLimits, DocumentTooLarge, UnreadableDocument

_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}\?>\s{0,20}")
_LINE_END = re.compile(rb"\r?\n")
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def parse(content: bytes, limits: DocumentLimits) -> etree._Element:
    """The root of a document; no entity is expanded, and nothing else is read for it.

    Raises UnreadableDocument for XML that is damaged, nested too deeply (256 levels), or declares
    entities; DocumentTooLarge for more elements than the limit.
    """
    if len(content) > limits.text_bytes:
        raise DocumentTooLarge(f"has more than {limits.text_bytes} bytes of text: split it")
    if content.count(b"<") > 2 * limits.elements:  # each element has two at most
        raise DocumentTooLarge(f"has more than {limits.elements} elements: split it")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = "is nested too deeply" if "depth" in str(error) else "is no well-formed XML"
        raise UnreadableDocument(f"{reason}: save it anew") from None
    if _declares_entities(root.getroottree().docinfo):
        raise UnreadableDocument("declares XML entities: save it without them")
    return root


def _declares_entities(info: etree.DocInfo) -> bool:
    declared: Any = info.internalDTD
    return declared is not None and any(True for _ in declared.iterentities())


def serialise(root: etree._Element, original: bytes) -> bytes:
    """The document with the declaration, encoding and line ends that it had."""
    tree = root.getroottree()
    declaration = _DECLARATION.match(original)
    settings: dict[str, Any] = {"encoding": tree.docinfo.encoding or "UTF-8"}
    if declaration is None and tree.docinfo.standalone:
        settings["standalone"] = True
    content: Any = etree.tostring(tree, xml_declaration=declaration is None, **settings)
    end = b"\n" if declaration and original.endswith(b"\n") else b""
    new = (declaration[0] if declaration else b"") + bytes(content) + end
    line_ends = original.count(b"\n")
    return _LINE_END.sub(b"\r\n", new) if line_ends == original.count(b"\r\n") > 0 else new


def qualified(namespace: str, *names: str) -> frozenset[str]:
    """The tags of these names in a namespace."""
    return frozenset(f"{{{namespace}}}{name}" for name in names)


def local(element: etree._Element) -> str:
    """An element's name without its namespace; "" for comments and the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
