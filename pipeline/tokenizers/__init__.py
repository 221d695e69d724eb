"""Text to source ids, target ids to text: one module for each kind of vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pipeline.bundle import Bundle, CsanmtEntry
from pipeline.errors import BundleError
from pipeline.tokenizers.marian import MarianTokenizer
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

    def reads(self, character: str) -> bool:
        """Whether the source vocabulary has a character as it is.

        It has not where nothing but bytes or the unknown symbol stand for it, or where it is
        folded into other letters or digits ("⁶" into "6").
        """


def load_tokenizer(bundle: Bundle) -> Tokenizer:
    """The tokenizer of a bundle; raises BundleError naming a file that is none."""
    entry = bundle.manifest.tokenizer
    if entry.kind == "csanmt":
        return _csanmt(bundle, entry)
    if entry.kind == "marian":
        return MarianTokenizer(bundle, entry)
    source, target = bundle.file(entry.source), bundle.file(entry.target)
    return SentencePieceTokenizer(source, target, entry.mask_symbols)


def _csanmt(bundle: Bundle, entry: CsanmtEntry) -> Tokenizer:
    try:
        from pipeline.tokenizers.csanmt import CsanmtTokenizer  # its libraries take a second
    except ModuleNotFoundError as error:
        raise BundleError(
            f"{bundle.path}: its text side needs {error.name}: install csanmt-serve[csanmt]"
        ) from None
    return CsanmtTokenizer(bundle, entry)
