"""Vocabularies of invented words: each is one piece, so that a text has as many tokens as words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

LETTERS = "bcdfghjklmnpqrstvwxz"
LENGTH = 4  # letters of every word: no word begins another, and a text has one reading
SPACE = "▁"  # what sentencepiece writes for a space
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6  # sentencepiece's kinds of pieces
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
UNIGRAM = 1


def word(number: int) -> str:
    """The word of an id."""
    base = len(LETTERS)
    return "".join(LETTERS[number // base**place % base] for place in range(LENGTH))


def text(ids: Iterable[int]) -> str:
    """A sentence that sentencepiece reads as these ids."""
    return " ".join(map(word, ids))


def pieces(size: int, symbols: Sequence[str]) -> list[str]:
    """The pieces of a vocabulary, which begins with `symbols`."""
    return [*symbols, *(SPACE + word(number) for number in range(len(symbols), size))]


def sentencepiece_model(size: int, symbols: Sequence[str]) -> bytes:
    """A sentencepiece model of these pieces; `symbols` may be those of sentences, and `BYTES`."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    model: Any = proto.ModelProto()  # type: ignore[attr-defined]  # made when it is imported
    kinds = dict.fromkeys(symbols, CONTROL) | dict.fromkeys(BYTES, BYTE) | {"<unk>": UNKNOWN}
    for piece in pieces(size, symbols):
        model.pieces.add(piece=piece, score=-10, type=kinds.get(piece, NORMAL))
    trained = model.trainer_spec
    trained.model_type, trained.vocab_size = UNIGRAM, size
    for name, symbol in (("unk", "<unk>"), ("bos", "<s>"), ("eos", "</s>")):
        setattr(trained, f"{name}_id", symbols.index(symbol) if symbol in symbols else -1)
    trained.pad_id, trained.byte_fallback = -1, BYTES[0] in symbols
    model.normalizer_spec.name = "identity"
    content: bytes = model.SerializeToString()
    return content
