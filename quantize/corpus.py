"""Text files as calibration and judging read them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.bundle import Bundle
from pipeline.errors import UserError
from pipeline.text.prepare import Preprocessor


def read_text(path: Path) -> str:
    """The file without a byte order mark; raises UserError for one that cannot be read as UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a file that can be read") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: convert it (iconv -f gb18030 -t utf-8)") from None


def read_lines(path: Path) -> tuple[str, ...]:
    """The lines that are not blank; raises UserError as `read_text` does."""
    return tuple(line for line in read_text(path).splitlines() if line.strip())


def sentence_ids(bundle: Bundle, lines: Iterable[str]) -> list[tuple[int, ...]]:
    """Source ids of all sentences in the lines that a model is asked for."""
    preprocessor = Preprocessor.load(bundle)
    return [unit.ids for line in lines for unit in preprocessor.prepare(line).units if unit.ids]
