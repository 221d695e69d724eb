"""The tokenizer of Marian models: sentencepiece pieces with ids of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pipeline.bundle import Bundle, MarianEntry
from pipeline.errors import BundleError
from pipeline.tokenizers.sentencepiece import folded, processor

SPACES = {"sentencepiece": "▁", "argos": "▁_"}  # what stands for a space in a piece
SYMBOLS = frozenset({"<pad>", "<unk>", "</s>", "<s>"})


class MarianTokenizer:
    """Thread-safe. A text that opens with a language code such as ">>deu<<" is a text like any
    other.
    """

    def __init__(self, bundle: Bundle, entry: MarianEntry) -> None:
        """Raises BundleError if a file is not what the manifest says."""
        self._source, self._target = (
            processor(bundle.file(entry.source), entry.mask_symbols),
            processor(bundle.file(entry.target), entry.mask_symbols),
        )
        self._ids = _ids(bundle.file(entry.source_ids))
        self._unknown = entry.source_unknown_id
        self._spaces = SPACES[entry.joining]
        pieces = _ids(bundle.file(entry.target_ids)).items()
        self._pieces = {number: piece for piece, number in pieces if piece not in SYMBOLS}

    def encode(self, text: str) -> list[int]:
        return [
            self._ids.get(piece, self._unknown) for piece in self._source.encode(text, out_type=str)
        ]

    def count(self, text: str) -> int:
        return len(self._source.encode(text))

    def reads(self, character: str) -> bool:
        if self._unknown in self.encode(character):
            return False
        return not folded(character, self._source.normalize(character).strip("▁ "))

    def decode(self, ids: Iterable[int]) -> str:
        text: str = self._target.decode_pieces([self._pieces[i] for i in ids if i in self._pieces])
        for space in self._spaces:
            text = text.replace(space, " ")
        return text.strip()


def _ids(path: Path) -> dict[str, int]:
    try:
        return {str(piece): int(number) for piece, number in json.loads(path.read_bytes()).items()}
    except (ValueError, TypeError, AttributeError):
        raise BundleError(
            f"{path}: expected the ids of pieces, found something else: rebuild the bundle"
        ) from None
