"""Documents: the texts of a file for translation, and the file with their translations."""

from __future__ import annotations

from pipeline.documents.document import (
    Document,
    DocumentError,
    DocumentLimits,
    DocumentTooLarge,
    MarkedText,
    UnreadableDocument,
    UnsupportedDocument,
)
from pipeline.documents.open import EXTENSIONS, is_document, open_document, open_marked

__all__ = [
    "EXTENSIONS",
    "Document",
    "DocumentError",
    "DocumentLimits",
    "DocumentTooLarge",
    "MarkedText",
    "UnreadableDocument",
    "UnsupportedDocument",
    "is_document",
    "open_document",
    "open_marked",
]
