"""Where a model's files lie: in a folder, or in a zip archive that is read without unpacking it."""

from __future__ import annotations

import lzma
import mmap
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from pipeline.errors import UserError
from quantize.sources.ctranslate2.binary import Content

LARGEST = 1 << 32  # bytes of a member of an archive, unpacked
# A member that unpacks to more than this many times its size was made to fill memory: weights
# hardly shrink at all.
LARGEST_RATIO = 200
SMALL = 1 << 20  # bytes up to which any ratio is harmless
# What reading a member of a damaged archive, or of one that is encrypted, raises.
DAMAGE = (
    *(OSError, EOFError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


class Place(Protocol):
    """Files by their names."""

    @property
    def path(self) -> Path:
        """The folder, or the archive."""

    def file(self, name: str) -> Path:
        """The file that has its content: the archive, for what lies in one."""

    def where(self, name: str) -> str:
        """The file's name in errors."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def read(self, name: str) -> bytes:
        """Its content; raises UserError for one that is missing or cannot be read."""

    def content(self, name: str) -> Content:
        """Its content, mapped where that is possible; raises as `read` does."""

    def inside(self, name: str) -> Place:
        """The files in a folder of this place."""


class Folder:
    """Files in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        return self._path

    def file(self, name: str) -> Path:
        return self._path / name

    def where(self, name: str) -> str:
        return str(self._path / name)

    def has(self, name: str) -> bool:
        return (self._path / name).is_file()

    def read(self, name: str) -> bytes:
        try:
            return (self._path / name).read_bytes()
        except OSError as error:
            raise UserError(
                f"{self.where(name)}: {error.strerror}: copy all files of the model"
            ) from None

    def content(self, name: str) -> Content:
        try:
            with (self._path / name).open("rb") as stream:
                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise UserError(f"{self.where(name)} is empty: copy it anew") from None
        except OSError as error:
            raise UserError(
                f"{self.where(name)}: {error.strerror}: copy all files of the model"
            ) from None

    def inside(self, name: str) -> Folder:
        return Folder(self._path / name)


class Archive:
    """Files in a folder of a zip archive."""

    def __init__(
        self, path: Path, folder: str, members: Mapping[PurePosixPath, zipfile.ZipInfo]
    ) -> None:
        self._path, self._folder, self._members = path, PurePosixPath(folder), members

    @staticmethod
    def open(path: Path, folder: str = "") -> Archive:
        """Raises UserError for a file that is no zip archive, or whose paths leave it."""
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
        except (OSError, zipfile.BadZipFile):
            raise UserError(f"{path} is damaged, or no zip archive: fetch it anew") from None
        members = {PurePosixPath(info.filename): info for info in infos}
        for member in members:
            if member.is_absolute() or ".." in member.parts or "\\" in str(member):
                raise UserError(
                    f"{path}: its file {str(member)!r} would leave the package: fetch it anew"
                )
        return Archive(path, folder, members)

    @property
    def path(self) -> Path:
        return self._path

    @property
    def names(self) -> tuple[PurePosixPath, ...]:
        """All files and folders of the archive."""
        return tuple(self._members)

    def file(self, name: str) -> Path:  # noqa: ARG002
        return self._path

    def where(self, name: str) -> str:
        return f"{self._path}: {self._folder / name}"

    def has(self, name: str) -> bool:
        return self._folder / name in self._members

    def read(self, name: str) -> bytes:
        info = self._members.get(self._folder / name)
        if info is None:
            raise UserError(f"{self.where(name)} is missing: fetch the package anew")
        if info.file_size > max(SMALL, min(LARGEST, LARGEST_RATIO * info.compress_size)):
            raise UserError(
                f"{self.where(name)} would unpack to {info.file_size} bytes: fetch the package anew"
            )
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(info) as stream:
                data = stream.read(info.file_size)
        except DAMAGE:
            data = b""
        if len(data) != info.file_size:
            raise UserError(f"{self.where(name)} is damaged: fetch the package anew")
        return data

    def content(self, name: str) -> Content:
        return self.read(name)

    def inside(self, name: str) -> Archive:
        return Archive(self._path, str(self._folder / name), self._members)
