"""People's files: texts read in whatever encoding they are, all written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charset_normalizer import from_bytes

from pipeline.errors import UserError

# What Chinese texts are found in beside UTF-8; the last one decodes nearly anything.
ENCODINGS = ["big5", "utf_16", "utf_16_le", "utf_16_be", "gb18030"]
DAMAGED = 0.02  # bad bytes a character up to which a text is UTF-8 all the same


def decoded(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file's bytes, and its encoding; a byte order mark is left out.

    Without `encoding` it is UTF-8 where that fits, else what the bytes look like. Raises UserError
    that names the file as `name`.
    """
    if encoding is not None:
        return _by_name(data, name, encoding), encoding
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        damage = data.decode("utf-8", "replace")
        if damage.count("\ufffd") <= DAMAGED * len(damage):
            raise UserError(
                f"{name}: the byte 0x{data[error.start]:02x} at {error.start} is not UTF-8: "
                "mend it, or name the encoding with --encoding"
            ) from None
    best = from_bytes(data, cp_isolation=ENCODINGS).best()
    if best is None:
        raise UserError(f"{name}: its encoding is not known: name it with --encoding")
    return str(best).removeprefix("\ufeff"), best.encoding


def _by_name(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise UserError(f"{encoding} is no encoding: name one such as gb18030") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}: the byte 0x{data[error.start]:02x} at {error.start} is not {encoding}: "
            "name another encoding"
        ) from None


def read_bytes(path: Path) -> bytes:
    """The file's content; raises UserError for one that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a file that can be read") from None


class Output:
    """Where a content goes in the end; until then what stood at its place stays as it was."""

    def __init__(self, path: Path, file: int, scratch: Path | None) -> None:
        self._path, self._file, self._scratch = path, file, scratch

    def write(self, content: bytes) -> None:
        """Raises UserError if the place has no room for it."""
        try:
            with open(self._file, "wb", closefd=False) as stream:
                stream.write(content)
            if self._scratch:
                self._scratch.replace(self._path)
        except OSError as error:
            raise UserError(f"{self._path}: {error.strerror}: name another file") from None


@contextmanager
def output(path: Path) -> Iterator[Output]:
    """A file to write to; raises UserError at once where that will not be possible."""
    scratch: Path | None = None
    try:
        if path.exists() and not path.is_file():  # a device, a pipe, or a folder, which is an error
            file = os.open(path, os.O_WRONLY)
        else:
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
            if path.exists():
                os.close(os.open(path, os.O_WRONLY))
            file, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
            scratch = Path(name)
            os.fchmod(file, mode)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a file that can be written") from None
    try:
        yield Output(path, file, scratch)
    finally:
        os.close(file)
        if scratch:
            scratch.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def from_argument(text: str) -> str:
    """A command line's text; in a locale without UTF-8 its bytes come as lone surrogates."""
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError:
        return text
