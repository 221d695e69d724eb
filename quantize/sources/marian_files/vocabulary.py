"""Marian's `.yml` vocabularies: a piece and its id a line.

They are read by line, not as YAML: there, `yes`, `null` or `1` would be no text.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.errors import UserError

END, UNKNOWN = "</s>", "<unk>"
ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
NAMED = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}


def read_ids(path: Path, size: int, shown: Path) -> dict[str, int]:
    """The ids below `size` by their pieces.

    Raises UserError, which names the file as `shown`, for one that is damaged or lacks a symbol.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        # Of a piece with two ids, Marian keeps the first.
        ids = dict(entry for entry in reversed(_entries(lines)) if entry[1] < size)
    except ValueError:  # bytes that are not UTF-8 among them
        raise UserError(
            f"{shown} is damaged: expected a piece and its id a line: copy it anew"
        ) from None
    for symbol in (END, UNKNOWN):
        if symbol not in ids:
            raise UserError(f"{shown} has no {symbol}: copy all files of one model")
    return ids


def _entries(lines: list[str]) -> list[tuple[str, int]]:
    found, key = [], None
    for line in (line.rstrip("\r") for line in lines):
        if not line or line in ("---", "...") or line.startswith("#"):
            continue
        if line.startswith("? "):  # a long piece has a line of its own
            key = line[2:]
            continue
        if key is None:
            key, _, number = line.rpartition(":")
        else:
            number = line.removeprefix(":")
        found.append((_piece(key.strip(" ")), int(number)))
        key = None
    return found


def _piece(written: str) -> str:
    if len(written) > 1 and written[0] == written[-1] == '"':
        return ESCAPE.sub(_escaped, written[1:-1])
    if len(written) > 1 and written[0] == written[-1] == "'":
        return written[1:-1].replace("''", "'")
    return written


def _escaped(match: re.Match[str]) -> str:
    *codes, sign = match.groups()
    code = next(filter(None, codes), None)
    return NAMED.get(sign, sign) if code is None else chr(int(code, 16))
