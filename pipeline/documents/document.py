"""What every family of documents has in common: the contract, the bounds, the errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import UserError

# Given a text with Chinese, what is to stand in its place.
Swap = Callable[[str], str]


class DocumentError(UserError):
    """A document that cannot be translated; its text says why and what to do, on one line."""


class UnsupportedDocument(DocumentError):
    """A kind of file that is not translated, or another one than its name says."""


class UnreadableDocument(DocumentError):
    """A file that is damaged, encrypted, or made to do harm."""


class DocumentTooLarge(DocumentError):
    """A file beyond one of the limits."""


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What one document may cost. Beyond any of these it is refused."""

    bytes: int = 50_000_000  # of the file
    characters: int = 1_000_000  # to translate, each different text once
    unpacked_bytes: int = 200_000_000  # of all that is in an archive
    ratio: int = 200  # of unpacked to packed bytes, where more than `small_bytes` are unpacked
    small_bytes: int = 5_000_000
    entries: int = 10_000  # of an archive
    text_bytes: int = 20_000_000  # of a text, or of one XML part
    elements: int = 1_000_000  # of one XML part, or tags of a page
    pages: int = 2_000  # of a PDF
    page_bytes: int = 4_000_000  # of drawing instructions of one PDF page


@dataclass(frozen=True, slots=True)
class Written:
    """What a family made of a document: the new content, and what its reader should know."""

    content: Callable[[], bytes]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of document.

    `rewrite` walks through a document once: each text with Chinese goes through the Swap, and what
    that returns stands in its place. Where all come back as they were, so does the content, byte
    for byte. It raises DocumentError; the message does not name the file.
    """

    extensions: tuple[str, ...]
    media_type: str  # of what is written
    rewrite: Callable[[bytes, Swap, DocumentLimits], Written]
    container: Literal["text", "zip", "pdf"] = "text"
    written_as: str = ""  # extension of what is written, if another one


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose texts wait for their translations.

    `texts` are the different texts with Chinese, in order of their first appearance. Inline marks
    stand in them as `<g1>…</g1>` and `<x1/>` (inline.py), line breaks as line ends.
    """

    texts: tuple[str, ...]
    extension: str
    media_type: str
    notes: tuple[str, ...]
    _rewrite: Callable[[Swap], Written]

    def write(self, translations: Sequence[str]) -> bytes:
        """The document with a translation in place of each text.

        Raises ValueError unless there is one for each.
        """
        table = dict(zip(self.texts, translations, strict=True))
        return self._rewrite(lambda text: table.get(text, text)).content()


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A string of HTML or Markdown whose texts wait for their translations, as a Document's do."""

    texts: tuple[str, ...]
    _rewrite: Callable[[Swap], str]

    def write(self, translations: Sequence[str]) -> str:
        """The string with a translation in place of each text.

        Raises ValueError unless there is one for each.
        """
        table = dict(zip(self.texts, translations, strict=True))
        return self._rewrite(lambda text: table.get(text, text))
