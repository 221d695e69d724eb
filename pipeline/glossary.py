"""Glossaries: terms with the translations that they must have, and the forms they are written in.

1. TSV: a line an entry, a TAB between term and translation, nothing quoted.
2. CSV: two columns, quoted as spreadsheets do.
3. JSON: {"term": "translation"}, or a list of pairs.

In the first two a first row `source, target` is a header, and empty lines are passed over.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.errors import UserError

Format = Literal["tsv", "csv", "json"]
Row = tuple[str, list[str]]  # where it stands, and its columns
HEADER = ["source", "target"]


class InvalidGlossary(UserError):
    """A glossary that cannot be used; its line says where, and quotes no term."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A term, and what it must become."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Glossary:
    """The entries for a pair of languages, written as in the bundles; no term is there twice."""

    source: str
    target: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many entries there may be, and how long a term and a translation."""

    entries: int
    characters: int


def parse(text: str, written: Format, bounds: Bounds) -> tuple[Entry, ...]:
    """The entries of a text; raises InvalidGlossary, which names the first wrong line or entry."""
    return _checked(_READERS[written](text.removeprefix("\ufeff")), bounds)


def check(entries: Iterable[Entry], bounds: Bounds) -> tuple[Entry, ...]:
    """The same entries, without spaces around the terms; raises InvalidGlossary."""
    pairs = ([entry.source, entry.target] for entry in entries)
    return _checked(_numbered(pairs), bounds)


def as_tsv(entries: Iterable[Entry]) -> str:
    """A line an entry, which `parse` reads again."""
    return "".join(f"{entry.source}\t{entry.target}\n" for entry in entries)


def _checked(rows: Iterable[Row], bounds: Bounds) -> tuple[Entry, ...]:
    places: dict[str, str] = {}
    entries: list[Entry] = []
    for place, columns in rows:
        if len(columns) != 2:
            raise InvalidGlossary(
                f"{place}: expected a term and its translation, found {len(columns)} column"
                f"{'s' * (len(columns) != 1)}: mend it"
            )
        source, target = (_term(place, column, bounds.characters) for column in columns)
        if source in places:
            raise InvalidGlossary(f"{place}: its term stands at {places[source]} too: remove one")
        if len(entries) == bounds.entries:
            raise InvalidGlossary(
                f"{place}: there are more than {bounds.entries} entries: make two glossaries"
            )
        places[source] = place
        entries.append(Entry(source, target))
    if not entries:
        raise InvalidGlossary("expected entries, found none: give a term and its translation")
    return tuple(entries)


def _term(place: str, text: str, longest: int) -> str:
    term = text.strip()
    if not term:
        raise InvalidGlossary(f"{place}: its term or translation is empty: fill it in")
    if len(term) > longest:
        raise InvalidGlossary(
            f"{place}: {len(term)} characters are more than the limit of {longest}: shorten it"
        )
    # Control characters, line ends among them, and halves of surrogate pairs.
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in term):
        raise InvalidGlossary(f"{place}: it holds a character that is no text: remove that")
    return term


def _tsv_rows(text: str) -> Iterator[Row]:
    lines = text.replace("\r\n", "\n").split("\n")
    rows = ((number, line.split("\t")) for number, line in enumerate(lines, 1) if line.strip())
    yield from _without_header(rows)


def _csv_rows(text: str) -> Iterator[Row]:
    yield from _without_header(_csv_lines(text))


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    first = 1
    try:
        for columns in reader:
            if any(column.strip() for column in columns):
                yield first, columns
            first = reader.line_num + 1
    except csv.Error:
        raise InvalidGlossary(
            f"line {first}: expected CSV, found something else: mend its quotes"
        ) from None


def _without_header(rows: Iterable[tuple[int, list[str]]]) -> Iterator[Row]:
    for index, (number, columns) in enumerate(rows):
        if index or [column.strip().lower() for column in columns] != HEADER:
            yield f"line {number}", columns


def _json_rows(text: str) -> Iterator[Row]:
    try:
        # Pairs, as a mapping would lose terms that stand there twice.
        found = json.loads(text, object_pairs_hook=lambda pairs: [list(pair) for pair in pairs])
    except json.JSONDecodeError as error:
        raise InvalidGlossary(
            f"line {error.lineno}: expected JSON, found something else: mend it"
        ) from None
    except (ValueError, RecursionError):
        raise InvalidGlossary("expected pairs of texts, found other JSON: mend it") from None
    if not isinstance(found, list):
        raise InvalidGlossary('expected {"term": "translation"} or a list of pairs: mend it')
    yield from _numbered(found)


def _numbered(pairs: Iterable[Any]) -> Iterator[Row]:
    for number, pair in enumerate(pairs, 1):
        if not isinstance(pair, list) or not all(isinstance(part, str) for part in pair):
            raise InvalidGlossary(f"entry {number}: expected a pair of texts: mend it")
        yield f"entry {number}", pair


_READERS: dict[Format, Callable[[str], Iterator[Row]]] = {
    "tsv": _tsv_rows,
    "csv": _csv_rows,
    "json": _json_rows,
}
