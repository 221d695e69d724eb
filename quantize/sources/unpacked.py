"""Models in archives and compressed files: unpacked into a folder that goes with the process."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from pipeline.errors import UserError

COMPRESSED = (".gz", ".zst")  # endings of compressed files
LARGEST = 16 << 30  # bytes that may come out of one archive or file
RATIO = 100  # what a byte may become; weights become 1.1, vocabularies 4
SPARE = 1 << 20  # bytes that any file may become
BLOCK = 1 << 20


def new_folder() -> Path:
    """An empty folder, removed when the process ends."""
    return Path(tempfile.mkdtemp(dir=_root().name))


@cache
def _root() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="csanmt-")


def plain_name(path: Path) -> str:
    """A file's name without the ending that says how it is compressed."""
    return path.stem if path.suffix in COMPRESSED else path.name


def first_bytes(path: Path, count: int) -> bytes:
    """How a file begins, unpacked; fewer bytes where it is shorter, or damaged."""
    with path.open("rb") as file:
        if path.suffix not in COMPRESSED:
            return file.read(count)
        try:
            return next(BLOCKS[path.suffix](path, file), b"")[:count]
        except UserError:
            return b""


def plain_file(path: Path) -> Path:
    """The file itself, or what a `.gz` or `.zst` becomes.

    Raises UserError for one that is cut off, damaged or far larger than it looks.
    """
    if path.suffix not in COMPRESSED:
        return path
    unpacked, size = new_folder() / path.stem, 0
    largest = min(LARGEST, RATIO * path.stat().st_size + SPARE)
    with path.open("rb") as packed, unpacked.open("wb") as out:
        for block in BLOCKS[path.suffix](path, packed):
            size += len(block)
            if size > largest:
                raise UserError(f"{path} unpacks to more than {largest} bytes: copy it anew")
            out.write(block)
    return unpacked


def _gzip_blocks(path: Path, packed: BinaryIO) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=packed) as stream:
            while block := stream.read1(BLOCK):
                yield block
    except (OSError, EOFError, zlib.error):
        raise _damaged(path) from None


def _zstd_blocks(path: Path, packed: BinaryIO) -> Iterator[bytes]:
    try:
        import zstandard
    except ModuleNotFoundError:
        raise UserError(
            f"{path} needs the zstandard library: install the quantize extra, or unpack the file"
        ) from None
    frame, rest = zstandard.ZstdDecompressor().decompressobj(), b""
    try:
        while given := rest or packed.read(BLOCK):
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(given)
            rest = frame.unused_data if frame.eof else b""
    except zstandard.ZstdError:
        raise _damaged(path) from None
    if not frame.eof:
        raise _damaged(path)


BLOCKS = {".gz": _gzip_blocks, ".zst": _zstd_blocks}


def unpack(archive: Path, wanted: Callable[[str], bool]) -> Path:
    """A folder with those files of a zip whose names are `wanted`, in the folders they had.

    Raises UserError for a zip that is damaged or locked, whose names leave its folder, or whose
    files are far larger than they look.
    """
    folder = new_folder()
    try:
        with zipfile.ZipFile(archive) as members:
            infos = [info for info in members.infolist() if not info.is_dir()]
            _check(archive, infos)
            for info in infos:
                if wanted(info.filename):
                    members.extract(info, folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error):
        raise _damaged(archive) from None
    return folder


def names(archive: Path) -> list[str]:
    """The names of a zip's files; none for what is no zip."""
    try:
        with zipfile.ZipFile(archive) as members:
            return [info.filename for info in members.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError):
        return []


def _check(archive: Path, infos: list[zipfile.ZipInfo]) -> None:
    for info in infos:
        if _leaves(info.orig_filename):
            raise UserError(f"{archive}: {info.orig_filename!r} leaves the archive: do not use it")
        if info.flag_bits & 1:
            raise UserError(f"{archive} is locked by a password: unpack it, and name the folder")
        # zipfile gives no byte beyond the size that a file's entry states.
        if info.file_size > RATIO * info.compress_size + SPARE:
            raise UserError(
                f"{archive}: {info.filename} unpacks to {info.file_size} bytes: do not use it"
            )
    size = sum(info.file_size for info in infos)
    if size > LARGEST:
        raise UserError(f"{archive} unpacks to {size} bytes, more than {LARGEST}: do not use it")


def _leaves(name: str) -> bool:
    windows = PureWindowsPath(name)
    absolute = PurePosixPath(name).is_absolute() or windows.drive or windows.root
    return bool(absolute) or ".." in windows.parts or "\0" in name


def _damaged(path: Path) -> UserError:
    return UserError(f"{path} is damaged or cut off: copy it anew")
