"""The published CSANMT models' way from text to subwords and back (docs/csanmt.md).

It stands alone: a converted Hugging Face model carries a copy of it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path

import jieba
from sacremoses import MosesDetokenizer, MosesPunctNormalizer, MosesTokenizer
from subword_nmt.apply_bpe import BPE

SEPARATOR = "@@"
UNKNOWN = "<unk>"
LONGEST_WORD = 256  # characters; merging takes time by the square of a word's length
CACHED_WORDS = 1 << 16
DASHES_STAY = frozenset({("es", "en"), ("fr", "en"), ("en", "es"), ("en", "fr")})


class SourceText:
    """Words by jieba (Chinese) or Moses, then subwords. Thread-safe."""

    def __init__(self, codes: Path, source_language: str, target_language: str) -> None:
        """`codes` are subword-nmt's merges; raises ValueError if the file holds something else."""
        self._given = codes, source_language, target_language
        self._words = (
            chinese_words
            if source_language == "zh"
            else moses_words(source_language, target_language)
        )
        bpe = _merges(codes)

        def pieces(word: str) -> tuple[str, ...]:
            return tuple(" ".join(bpe.segment_tokens([word])).split())

        self._uncached = pieces
        self._cached = lru_cache(CACHED_WORDS)(pieces)

    def pieces(self, text: str) -> list[str]:
        """Subwords, all but a word's last with "@@" at their ends."""
        line = self._words(text).strip("\r\n ")
        return [
            piece for word in line.split(" ") for part in _parts(word) for piece in self._of(part)
        ]

    def __reduce__(self) -> tuple[type[SourceText], tuple[Path, str, str]]:
        return SourceText, self._given

    def _of(self, word: str) -> tuple[str, ...]:
        return self._cached(word) if len(word) <= 32 else self._uncached(word)


class TargetText:
    """Subwords to text. Thread-safe."""

    def __init__(self, language: str) -> None:
        self._detokenizer = MosesDetokenizer(lang=language)

    def text(self, pieces: Iterable[str]) -> str:
        """What subwords, as `SourceText.pieces` gives them, say."""
        joined = " ".join(pieces).replace(f"{SEPARATOR} ", "").replace(SEPARATOR, "")
        text: str = self._detokenizer.detokenize(joined.split())
        return text


def read_vocabulary(path: Path) -> list[str]:
    """The token of each line: its place is its id."""
    # Only what Python takes for line ends in a file parts tokens; str.splitlines knows more of
    # them.
    with path.open(encoding="utf-8") as lines:
        return [line.strip() for line in lines]


def chinese_words(text: str) -> str:
    """Words with a space between them."""
    return " ".join(segmenter().cut(text))


@cache
def segmenter() -> jieba.Tokenizer:
    """jieba with its own dictionary, loaded: half a second, once.

    It keeps what it loaded in the temporary folder, and would take it from there: from whoever put
    it there first. A folder of our own for that moment keeps others' words out.
    """
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()  # the module's own could be given words by others
    with tempfile.TemporaryDirectory() as private:
        tokenizer.tmp_dir = private
        tokenizer.initialize()
    return tokenizer


def moses_words(source_language: str, target_language: str) -> Callable[[str], str]:
    """Words and punctuation by Moses, with a space between them."""
    normalizer, tokenizer = MosesPunctNormalizer(source_language), MosesTokenizer(source_language)
    dashes = (source_language, target_language) not in DASHES_STAY

    def words(text: str) -> str:
        tokens: str = tokenizer.tokenize(
            normalizer.normalize(text), return_str=True, aggressive_dash_splits=dashes
        )
        return tokens

    return words


class _Forgetful(dict[str, tuple[str, ...]]):
    """In the place of subword-nmt's cache, which never forgets."""

    def __setitem__(self, key: str, value: tuple[str, ...]) -> None:
        pass


def _merges(path: Path) -> BPE:
    with path.open(encoding="utf-8") as codes:
        lines = codes.read().rstrip("\n").split("\n")
        if lines[0].startswith("#version:"):
            del lines[0]
        # subword-nmt would end the process.
        if any(len(line.strip("\r\n ").split(" ")) != 2 for line in lines):
            raise ValueError(f"{path}: expected a merge of two subwords a line")
        bpe = BPE(codes, separator=SEPARATOR)
    if bpe.version > (0, 2):
        raise ValueError(f"{path}: BPE merges of an unknown version")
    bpe.cache = _Forgetful()
    return bpe


def _parts(word: str) -> Iterable[str]:
    return (word[start : start + LONGEST_WORD] for start in range(0, len(word), LONGEST_WORD))
