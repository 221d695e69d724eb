"""The test sets in quantize/testsets/, and the sentences with a masked span made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "testsets"
NAMES = ("flores-dev", "ntrex")
MASKED_SENTENCES = 200


@dataclass(frozen=True)
class TestSet:
    __test__ = False  # not a class of tests

    name: str
    sources: tuple[str, ...]
    references: tuple[str, ...]


def load_sets(limit: int | None = None) -> tuple[TestSet, ...]:
    """Every set, or `limit` sentences spread over each."""
    return tuple(_load(name, limit) for name in NAMES)


def _load(name: str, limit: int | None) -> TestSet:
    sides = [
        (FOLDER / f"{name}.{side}").read_text(encoding="utf-8").splitlines()
        for side in ("zh", "en")
    ]
    sources, references = (spread(side, limit) for side in sides)
    return TestSet(name, sources, references)


def spread(lines: Sequence[str], limit: int | None) -> tuple[str, ...]:
    """All lines, or `limit` of them in even steps."""
    every = 1 if limit is None else max(1, len(lines) // limit)
    return tuple(lines[::every][:limit])


def masked(sources: tuple[str, ...], symbol: str) -> tuple[str, ...]:
    """Sentences of two clauses whose second begins with the symbol that stands for a masked span."""
    parts = [source.split("，", 1) for source in sources]
    return tuple(f"{clauses[0]}，{symbol}{clauses[1]}" for clauses in parts if len(clauses) == 2)[
        :MASKED_SENTENCES
    ]
