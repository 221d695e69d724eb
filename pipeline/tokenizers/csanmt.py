"""The tokenizer of published CSANMT models."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from pipeline.bundle import Bundle, CsanmtEntry
from pipeline.errors import BundleError
from pipeline.tokenizers.subwords import UNKNOWN, SourceText, TargetText, read_vocabulary

END = 0


class CsanmtTokenizer:
    """Words, then BPE; ids are line numbers of the vocabularies. Thread-safe."""

    def __init__(self, bundle: Bundle, entry: CsanmtEntry) -> None:
        """Raises BundleError if a file is not what the manifest says."""
        languages = bundle.manifest.languages
        try:
            self._source = SourceText(bundle.file(entry.codes), languages.source, languages.target)
            source, self._target = (
                read_vocabulary(bundle.file(name)) for name in (entry.source, entry.target)
            )
        except ValueError:  # bytes that are not UTF-8 among them
            raise BundleError(
                f"{bundle.path}: its BPE merges or vocabularies are damaged: rebuild the bundle"
            ) from None
        self._words = TargetText(languages.target)
        self._unknown = entry.source_unknown_id
        self._ids = {token: number for number, token in enumerate(source)}

    def encode(self, text: str) -> list[int]:
        ids = (self._ids.get(piece, self._unknown) for piece in self._source.pieces(text))
        return [number if number <= self._unknown else self._unknown for number in ids]

    def count(self, text: str) -> int:
        return len(self._source.pieces(text))

    def reads(self, character: str) -> bool:
        return self._unknown not in self.encode(character)

    def decode(self, ids: Iterable[int]) -> str:
        """As the reference shows it: up to the end symbol, `<unk>` for ids without a line."""
        size = len(self._target)
        kept = takewhile(lambda i: i != END, ids)
        return self._words.text(self._target[i] if 0 < i < size else UNKNOWN for i in kept)
