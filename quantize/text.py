"""Text files as calibration and judging read them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.bundle import Bundle
from pipeline.preprocess import Preprocessor


def read_lines(path: Path) -> tuple[str, ...]:
    """The lines that are not blank, without a byte order mark; raises OSError and UnicodeDecodeError."""
    return tuple(line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip())


def sentence_ids(bundle: Bundle, lines: Iterable[str]) -> list[tuple[int, ...]]:
    """Source ids of all sentences in the lines that a model is asked for."""
    prepare = Preprocessor.load(bundle)
    return [unit.ids for line in lines for unit in prepare(line).units if unit.ids]
