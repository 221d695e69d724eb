"""Where a model's files lie, and what users are told of it."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from quantize.sources.ctranslate2.binary import Content


@dataclass(frozen=True)
class Place:
    """A folder, which may be what an archive was unpacked into."""

    folder: Path
    shown: Path  # what errors call it

    def file(self, name: str) -> Path:
        """Where a file lies."""
        return self.folder / name

    def where(self, name: str) -> str:
        """The file's name in errors."""
        return str(self.shown / name)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return self.file(name).is_file()

    def inside(self, name: str) -> Place:
        """A folder in it."""
        return Place(self.folder / name, self.shown / name)

    def read(self, name: str) -> bytes:
        """A file's content; raises UserError for one that is missing or cannot be read."""
        try:
            return self.file(name).read_bytes()
        except FileNotFoundError:
            raise self._missing(name) from None
        except OSError as error:
            raise UserError(f"{self.where(name)}: {error.strerror}: copy it anew") from None

    def mapped(self, name: str) -> Content:
        """A file's content, of which only what is looked at is read; raises as `read` does."""
        try:
            with self.file(name).open("rb") as stream:
                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            raise self._missing(name) from None
        except ValueError:
            raise UserError(f"{self.where(name)} is empty: copy it anew") from None
        except OSError as error:
            raise UserError(f"{self.where(name)}: {error.strerror}: copy it anew") from None

    def _missing(self, name: str) -> UserError:
        return UserError(f"{self.where(name)} is missing: copy all files of the model")
