"""PDF: its text alone, page by page, written as a text file; layout and pictures are left out."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import BytesIO

from pypdf import PageObject, PdfReader

from pipeline.documents.document import (
    DocumentError,
    DocumentLimits,
    DocumentTooLarge,
    Family,
    Swap,
    UnreadableDocument,
    Written,
)
from pipeline.text.normalise import HAN

_NOTE = "the text of the PDF without its layout and pictures"
_FULL = 0.75  # of the longest line's length: such a line goes on in the next
_ENDS = re.compile(r"[。！？：；.!?:;…”」）)]\s*\Z")
_MARKER = re.compile(
    r"\s*(?:[-•·●■◆]|\d{1,3}[.、)）]|[（(]?[一二三四五六七八九十]{1,3}[、)）]|第\S{1,4}[章节条])"
)


def rewrite(content: bytes, swap: Swap, limits: DocumentLimits) -> Written:
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it may name what it reads
    try:
        pages = [_paragraphs(text) for text in _pages(content, limits)]
    except DocumentError:
        raise
    except Exception:  # of a damaged file it may raise whatever it likes
        raise UnreadableDocument("is damaged, its pages cannot be read: save it anew") from None
    if not any(pages):
        raise UnreadableDocument("has no text, it may be a scan: let a program read the letters")
    text = "\n\n".join(
        "\n".join(swap(line) if HAN.search(line) else line for line in page) for page in pages
    )
    return Written(lambda: (text + "\n").encode(), (_NOTE,))


def _pages(content: bytes, limits: DocumentLimits) -> Iterator[str]:
    reader = PdfReader(BytesIO(content))
    if reader.is_encrypted:
        raise UnreadableDocument("is encrypted: save it without a password")
    if len(reader.pages) > limits.pages:
        raise DocumentTooLarge(f"has more than {limits.pages} pages: split it")
    left = limits.text_bytes
    for page in reader.pages:
        left -= _drawn(page, limits)
        if left < 0:
            raise DocumentTooLarge(f"draws more than {limits.text_bytes} bytes: split it")
        yield page.extract_text()


def _drawn(page: PageObject, limits: DocumentLimits) -> int:
    """Bytes of instructions that draw the page."""
    contents = page.get_contents()
    size = len(contents.get_data()) if contents is not None else 0
    if size > limits.page_bytes:
        raise DocumentTooLarge(f"has a page of more than {limits.page_bytes} bytes: simplify it")
    return size


def _paragraphs(text: str) -> list[str]:
    """The lines of a page, joined where one only goes on with the one before."""
    lines = [line.strip() for line in text.splitlines()]
    longest = max(map(len, lines), default=0)
    paragraphs: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on and line and not _MARKER.match(line):
            paragraphs[-1] += line if HAN.search(line[:1]) else f" {line}"
        elif line:
            paragraphs.append(line)
        goes_on = len(line) >= _FULL * longest and not _ENDS.search(line)
    return paragraphs


FAMILY = Family(
    extensions=(".pdf",),
    media_type="text/plain",
    rewrite=rewrite,
    container="pdf",
    written_as=".txt",
)
