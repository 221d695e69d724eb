"""Pieces of a sentencepiece model that steer a model, and that no text may become.

A vocabulary's makers may have defined symbols such as `__start__`. sentencepiece takes them for one
piece wherever a text has these characters; as control pieces it takes none for them, and spells the
characters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

PIECES, PIECE = 1, 1  # fields of a model, and of one of its pieces
TYPE = b"\x18"  # field 3 of a piece, a number
USER_DEFINED, CONTROL = TYPE + b"\x04", TYPE + b"\x03"
LENGTHS = {1: 8, 5: 4}  # bytes of a field by its wire type
NUMBER, BYTES = 0, 2  # wire types of other lengths


def without_control(model: bytes, kept: Collection[str]) -> bytes:
    """The model, in which all defined symbols but the `kept` ones are control pieces.

    Bytes that are no model come back as they are.
    """
    if USER_DEFINED not in model:
        return model
    changed = bytearray(model)
    try:
        for start, end in _pieces(model):
            if USER_DEFINED in model[start:end]:
                _change(changed, start, end, kept)
    except (IndexError, UnicodeDecodeError):
        return model
    return bytes(changed)


def _change(model: bytearray, start: int, end: int, kept: Collection[str]) -> None:
    piece, place = "", None
    for field, kind, first, last in _fields(model, start, end):
        if field == PIECE and kind == BYTES:
            piece = model[first:last].decode("utf-8")
        elif model[first - 1 : last] == USER_DEFINED:
            place = first
    if place is not None and piece not in kept and _steers(piece):
        model[place] = CONTROL[1]


def _steers(piece: str) -> bool:
    """Whether a symbol is a name between signs: `__start__`, `<mask>`, `>>eng<<`.

    Others, such as signs and words, are text.
    """
    name = piece.strip("▁")
    if not any(character.isalnum() for character in name):
        return False
    return not (name[0].isalnum() or name[-1].isalnum())


def _pieces(model: bytes) -> Iterator[tuple[int, int]]:
    for field, kind, start, end in _fields(model, 0, len(model)):
        if field == PIECES and kind == BYTES:
            yield start, end


def _fields(message: bytes | bytearray, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, wire type, and where the value begins and ends, of each field."""
    while at < end:
        tag, at = _number(message, at)
        kind = tag & 7
        start = at
        if kind == NUMBER:
            _, at = _number(message, at)
        elif kind == BYTES:
            length, start = _number(message, at)
            at = start + length
        else:
            at += LENGTHS.get(kind, end)
        if at > end:
            raise IndexError(at)
        yield tag >> 3, kind, start, at


def _number(message: bytes | bytearray, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
