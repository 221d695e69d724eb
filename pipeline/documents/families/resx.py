"""Resources of .NET: the values of texts, not those of other types."""

from __future__ import annotations

from pipeline.documents.document import DocumentLimits, Family, Swap, UnreadableDocument, Written
from pipeline.documents.drawing import rewrite_text
from pipeline.documents.xml import local, parse, serialise

_NO_TEXT = ("type", "mimetype")


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    root = parse(content, limits)
    if local(root) != "root":
        raise UnreadableDocument("is no .resx inside: give it its right extension")
    changed = [
        rewrite_text(value, swap)
        for data in root.iterchildren("data")
        if not any(data.get(name) for name in _NO_TEXT)
        for value in data.iterchildren("value")
    ]
    return Written(lambda: serialise(root, content) if any(changed) else content)


FAMILY = Family(extensions=(".resx",), media_type="application/xml", rewrite=rewrite)
