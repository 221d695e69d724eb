"""Archives of parts (.docx, .odt, .epub …): read within bounds, written with some parts anew."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

from pipeline.documents.document import DocumentLimits, DocumentTooLarge, UnreadableDocument

_ENTRY = b"PK\x01\x02"  # begins what the directory says of each part
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_CHUNK = 1 << 16
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)


class Package:
    """An archive in memory. What it says of its sizes is checked, and then held to."""

    def __init__(self, content: bytes, limits: DocumentLimits) -> None:
        """Raises UnreadableDocument or DocumentTooLarge before anything is unpacked."""
        if content.count(_ENTRY) > limits.entries:
            raise DocumentTooLarge(f"has more than {limits.entries} parts: remove some")
        try:
            self._archive = zipfile.ZipFile(BytesIO(content))
        except _DAMAGED:
            raise UnreadableDocument(
                "is damaged, its archive cannot be read: send it whole"
            ) from None
        self._entries = self._archive.infolist()
        self._limits = limits
        self._check(len(content))

    def _check(self, packed: int) -> None:
        unpacked = sum(entry.file_size for entry in self._entries)
        if unpacked > self._limits.unpacked_bytes:
            raise DocumentTooLarge(
                f"unpacks to {unpacked} bytes, more than {self._limits.unpacked_bytes}: split it"
            )
        if unpacked > self._limits.small_bytes and unpacked > packed * self._limits.ratio:
            raise UnreadableDocument(
                f"unpacks to more than {self._limits.ratio} times its size: save it anew"
            )
        if len(set(self.names)) < len(self._entries):
            raise UnreadableDocument("has two parts of one name: save it anew")
        if any(entry.flag_bits & _ENCRYPTED for entry in self._entries):
            raise UnreadableDocument("is encrypted: save it without a password")
        if any(entry.compress_type not in _METHODS for entry in self._entries):
            raise UnreadableDocument("is packed in an unusual way: save it anew")

    @property
    def names(self) -> list[str]:
        return [entry.filename for entry in self._entries]

    def has(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def read(self, name: str) -> bytes:
        """A part that is text or XML; raises UnreadableDocument if it is not there or damaged."""
        if not self.has(name):
            raise UnreadableDocument(f"has no part {name}: save it anew")
        if self._archive.getinfo(name).file_size > self._limits.text_bytes:
            raise DocumentTooLarge(
                f"has a part of more than {self._limits.text_bytes} bytes: split it"
            )
        try:
            return self._archive.read(name)  # no more than the size that the entry says
        except (*_DAMAGED, RuntimeError):
            raise UnreadableDocument("is damaged, a part cannot be read: send it whole") from None

    def packed(self, changed: Mapping[str, bytes]) -> bytes:
        """The archive with some parts anew, all others as they were, in their order."""
        target = BytesIO()
        try:
            with zipfile.ZipFile(target, "w") as archive:
                for entry in self._entries:
                    if entry.filename in changed:
                        archive.writestr(_fresh(entry), changed[entry.filename])
                    else:
                        self._copy(entry, archive)
        except (*_DAMAGED, RuntimeError):
            raise UnreadableDocument("is damaged, a part cannot be read: send it whole") from None
        return target.getvalue()

    def _copy(self, entry: zipfile.ZipInfo, archive: zipfile.ZipFile) -> None:
        with self._archive.open(entry) as source, archive.open(_fresh(entry), "w") as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)


def _fresh(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """The entry's name, time and method, without what depends on its content."""
    fresh = zipfile.ZipInfo(entry.filename, entry.date_time)
    fresh.compress_type = entry.compress_type
    fresh.external_attr = entry.external_attr
    return fresh
