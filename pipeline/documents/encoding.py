"""Text files in whatever encoding they are, written back in the same one."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.documents.document import (
    DocumentLimits,
    DocumentTooLarge,
    UnreadableDocument,
    Written,
)
from pipeline.errors import UserError
from pipeline.files import decoded

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SAMPLE = 100_000  # bytes that show which encoding it is


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file, its encoding and the bytes that it was."""

    text: str
    encoding: str
    content: bytes

    def written(self, text: str) -> Written:
        """The file with another text; in UTF-8 where its own encoding lacks a character."""
        notes: tuple[str, ...] = ()
        if self.encoding not in ("utf-8", "utf-8-sig"):
            notes = (f"read as {self.encoding}, and written so",)
        if text == self.text:
            return Written(lambda: self.content, notes)
        try:
            content = self._encode(text, self.encoding)
        except UnicodeEncodeError:
            content = text.encode()
            notes = (f"read as {self.encoding}, which lacks characters, and written as UTF-8",)
        return Written(lambda: content, notes)

    def _encode(self, text: str, encoding: str) -> bytes:
        if self.content.startswith(codecs.BOM_UTF16_BE):
            return codecs.BOM_UTF16_BE + text.encode("utf-16-be")
        if encoding == "utf-16":
            return codecs.BOM_UTF16_LE + text.encode("utf-16-le")
        return text.encode(encoding)


def read_text(content: bytes, limits: DocumentLimits, encoding: str | None = None) -> Text:
    """The text of a file, by its byte order mark, by `encoding`, or by what it looks like.

    Raises UnreadableDocument for what is no text.
    """
    if len(content) > limits.text_bytes:
        raise DocumentTooLarge(f"has more than {limits.text_bytes} bytes of text: split it")
    marked = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    found = marked or encoding or _looks_like(content)
    try:
        found = found if marked else codecs.lookup(found).name
        text = content.decode(found)
    except (UnicodeDecodeError, LookupError):
        raise UnreadableDocument(f"is damaged, or not in {found}: save it in UTF-8") from None
    if "\0" in text:
        raise UnreadableDocument("is no text: give it its right extension")
    return Text(text, found, content)


def _looks_like(content: bytes) -> str:
    try:
        content.decode()
        return "utf-8"
    except UnicodeDecodeError:
        pass
    sample = content[:_SAMPLE]
    if len(content) > _SAMPLE:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    try:
        return decoded(sample, "")[1]
    except UserError:
        raise UnreadableDocument("is in no encoding that is known: save it in UTF-8") from None


def text_rewriter(
    rewrite: Callable[[str, Callable[[str], str]], str],
) -> Callable[[bytes, Callable[[str], str], DocumentLimits], Written]:
    """A family's rewriting of files, made of one for strings."""

    def rewrite_file(content: bytes, swap: Callable[[str], str], limits: DocumentLimits) -> Written:
        text = read_text(content, limits)
        return text.written(rewrite(text.text, swap))

    return rewrite_file
