"""Any document: its kind found out and checked, its texts read, within limits.

A kind is recognised by the extension of its name, and its content must be of that kind.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from pipeline.documents.document import (
    Document,
    DocumentError,
    DocumentLimits,
    DocumentTooLarge,
    Family,
    MarkedText,
    UnreadableDocument,
    UnsupportedDocument,
)
from pipeline.documents.families import (
    docx,
    epub,
    html,
    json,
    markdown,
    odf,
    pdf,
    po,
    pptx,
    resx,
    strings,
    subtitles,
    text,
    xliff,
    xlsx,
)

FAMILIES: tuple[Family, ...] = (
    text.FAMILY,
    markdown.FAMILY,
    html.FAMILY,
    html.XHTML,
    subtitles.CUES,
    subtitles.DIALOGUES,
    docx.FAMILY,
    pptx.FAMILY,
    xlsx.FAMILY,
    odf.FAMILY,
    odf.PRESENTATION,
    epub.FAMILY,
    pdf.FAMILY,
    po.FAMILY,
    xliff.FAMILY,
    json.FAMILY,
    json.ARB,
    strings.FAMILY,
    resx.FAMILY,
)
_BY_EXTENSION = {extension: family for family in FAMILIES for extension in family.extensions}
EXTENSIONS = tuple(sorted(_BY_EXTENSION))

_OLD = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pptx", ".rtf": ".docx"}
_WITH_MACROS = {".docm": ".docx", ".xlsm": ".xlsx", ".pptm": ".pptx"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF_WITHIN = 1024  # bytes from the start; some begin with others


def open_document(name: str, content: bytes, limits: DocumentLimits | None = None) -> Document:
    """A document by its file's name and content; raises DocumentError that says what is wrong."""
    limits = limits or DocumentLimits()
    try:
        family = family_of(name)
        _check(content, family, limits)
        texts = _Texts(limits.characters)
        written = family.rewrite(content, texts.take, limits)
    except DocumentError as error:
        raise type(error)(f"{PurePath(name).name}: {error}") from None
    extension = family.written_as or PurePath(name).suffix
    return Document(
        tuple(texts.found),
        extension,
        family.media_type,
        written.notes,
        lambda swap: family.rewrite(content, swap, limits),
    )


def open_marked(
    kind: Literal["html", "markdown"], source: str, limits: DocumentLimits | None = None
) -> MarkedText:
    """A string of HTML or Markdown; raises DocumentTooLarge for more characters than the limit."""
    most = (limits or DocumentLimits()).characters
    if len(source) > most:
        raise DocumentTooLarge(f"more than {most} characters: split them")
    rewrite = {"html": html.rewrite_html, "markdown": markdown.rewrite_markdown}[kind]
    texts = _Texts(most)
    rewrite(source, texts.take)
    return MarkedText(tuple(texts.found), lambda swap: rewrite(source, swap))


def is_document(name: str) -> bool:
    """Whether the name has the extension of a kind of documents."""
    return PurePath(name).suffix.lower() in _BY_EXTENSION


def family_of(name: str) -> Family:
    """Raises UnsupportedDocument for a name with another extension."""
    extension = PurePath(name).suffix.lower()
    if extension in _BY_EXTENSION:
        return _BY_EXTENSION[extension]
    if extension in _WITH_MACROS:
        raise UnsupportedDocument(f"may have macros: save it as {_WITH_MACROS[extension]}")
    if extension in _OLD:
        raise UnsupportedDocument(f"is of an old kind: save it as {_OLD[extension]}")
    known = ", ".join(EXTENSIONS)
    raise UnsupportedDocument(f"is no document of a known kind: give one of {known}")


def _check(content: bytes, family: Family, limits: DocumentLimits) -> None:
    """Raises DocumentError unless the content is of the family's kind, and not too much."""
    if not content:
        raise UnreadableDocument("is empty: give one with a text")
    if len(content) > limits.bytes:
        raise DocumentTooLarge(f"has more than {limits.bytes} bytes: split it")
    if content.startswith(_OLE):
        raise UnreadableDocument("is encrypted or of an old kind: save it anew, without a password")
    if _container(content) != family.container:
        raise UnreadableDocument("is not what its extension says, or damaged: check the file")


def _container(content: bytes) -> Literal["text", "zip", "pdf"]:
    if content.startswith(b"PK"):
        return "zip"
    return "pdf" if b"%PDF-" in content[:_PDF_WITHIN] else "text"


class _Texts:
    """Takes the different texts of a document, each once."""

    def __init__(self, most: int) -> None:
        self.found: dict[str, None] = {}
        self._most, self._left = most, most

    def take(self, text: str) -> str:
        if text not in self.found:
            self.found[text] = None
            self._left -= len(text)
            if self._left < 0:
                raise DocumentTooLarge(
                    f"has more than {self._most} characters to translate: split it"
                )
        return text
