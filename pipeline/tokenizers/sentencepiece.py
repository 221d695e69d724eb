"""Text to source ids, target ids to text."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby
from pathlib import Path

import sentencepiece

from pipeline.errors import BundleError
from pipeline.tokenizers.control import without_control


class SentencePieceTokenizer:
    """A pair of sentencepiece models with byte fallback."""

    def __init__(self, source: Path, target: Path, mask_symbols: Collection[str] = ()) -> None:
        """No text becomes a symbol that a model's makers defined, `mask_symbols` apart.

        Raises BundleError if a file is not a sentencepiece model.
        """
        self._source = processor(source, mask_symbols)
        self._target = processor(target, mask_symbols)
        ids = range(self._target.get_piece_size())
        self._bytes = {
            i: int(self._target.id_to_piece(i)[1:-1], 16) for i in ids if self._target.is_byte(i)
        }
        self._byte_ids = {byte: i for i, byte in self._bytes.items()}
        self._textual = frozenset(
            i
            for i in ids
            if not (
                self._target.is_unknown(i)
                or self._target.is_control(i)
                or self._target.is_unused(i)
            )
        )

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._source.encode(text)
        return ids

    def count(self, text: str) -> int:
        return len(self._source.encode(text))

    def reads(self, character: str) -> bool:
        return reads(self._source, character)

    def decode(self, ids: Iterable[int]) -> str:
        kept: list[int] = []
        for is_byte, group in groupby(
            filter(self._textual.__contains__, ids), key=self._bytes.__contains__
        ):
            if is_byte:
                # sentencepiece would show U+FFFD for bytes that do not form a character.
                characters = bytes(self._bytes[i] for i in group).decode("utf-8", "ignore")
                kept += [self._byte_ids[byte] for byte in characters.encode("utf-8")]
            else:
                kept += group
        text: str = self._target.decode(kept)
        return text


def processor(path: Path, kept: Collection[str] = ()) -> sentencepiece.SentencePieceProcessor:
    """A sentencepiece model whose defined symbols no text reaches, the `kept` ones apart.

    Raises BundleError for a file that is none.
    """
    try:
        return sentencepiece.SentencePieceProcessor(
            model_proto=without_control(path.read_bytes(), kept)
        )
    except (OSError, RuntimeError):
        raise BundleError(
            f"{path}: expected a sentencepiece model, found something else: rebuild the bundle"
        ) from None


def reads(model: sentencepiece.SentencePieceProcessor, character: str) -> bool:
    """Whether a model has a piece for a character that is not folded into others."""
    if any(model.is_byte(i) or model.is_unknown(i) for i in model.encode(character)):
        return False
    return not folded(character, model.normalize(character).strip("▁ "))


def folded(character: str, normalised: str) -> bool:
    """Whether a normaliser made other letters or digits of a character, full-width ASCII apart."""
    if normalised == character or "\uff01" <= character <= "\uff5e":
        return False
    return any(part.isalnum() for part in normalised)
