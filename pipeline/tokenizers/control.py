"""Pieces of a sentencepiece model that steer a model, and that no text may become.

A vocabulary's makers may have defined symbols such as `__start__`. sentencepiece takes them for one
piece wherever a text has these characters; as control pieces it takes none for them, and spells the
characters.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

ModelProto: Any = sentencepiece_model_pb2.ModelProto  # type: ignore[attr-defined]  # made at run time


def without_control(model: bytes, kept: Collection[str]) -> bytes:
    """The model, in which all defined symbols but the `kept` ones are control pieces.

    Bytes that are no model come back as they are.
    """
    try:
        parsed = ModelProto.FromString(model)
    except DecodeError:
        return model
    kinds = ModelProto.SentencePiece.Type
    steering = [
        entry
        for entry in parsed.pieces
        if entry.type == kinds.USER_DEFINED and entry.piece not in kept and _steers(entry.piece)
    ]
    for entry in steering:
        entry.type = kinds.CONTROL
    changed: bytes = parsed.SerializeToString() if steering else model
    return changed


def _steers(piece: str) -> bool:
    """Whether a symbol is a name between signs: `__start__`, `<mask>`, `>>eng<<`.

    Others, such as signs and words, are text.
    """
    name = piece.strip("▁")
    if not any(character.isalnum() for character in name):
        return False
    return not (name[0].isalnum() or name[-1].isalnum())
