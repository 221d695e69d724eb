"""Text to source ids, target ids to text: one module for each kind of vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pipeline.bundle import Bundle
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer


class Tokenizer(Protocol):
    """One vocabulary pair. Implementations are thread-safe."""

    def encode(self, text: str) -> list[int]:
        """Source ids of a normalised text, without the end symbol."""

    def count(self, text: str) -> int:
        """How many ids `encode` gives."""

    def decode(self, ids: Iterable[int]) -> str:
        """The text of target ids.

        Ids that stand for no text (unknown, end, out of range) are left out.
        """


def load_tokenizer(bundle: Bundle) -> Tokenizer:
    """The tokenizer of a bundle; raises BundleError naming a file that is none."""
    entry = bundle.manifest.tokenizer
    if entry.kind == "csanmt":
        from pipeline.tokenizers.csanmt import (
            CsanmtTokenizer,
        )  # jieba and Moses take a second to import

        return CsanmtTokenizer(bundle, entry)
    if entry.kind == "marian":
        from pipeline.tokenizers.marian import MarianTokenizer

        return MarianTokenizer(bundle, entry)
    return SentencePieceTokenizer(bundle.file(entry.source), bundle.file(entry.target))
