"""CSANMT's tokenizers for transformers."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sentencepiece
from transformers import PreTrainedTokenizer

from pipeline.tokenizers.subwords import UNKNOWN, SourceText, TargetText, read_vocabulary

END = "</s>"


class CsanmtTokenizer(PreTrainedTokenizer):
    """Source text to ids with the end symbol, target ids to text.

    It needs either BPE merges (`codes`) and vocabularies with a token a line, as ModelScope
    publishes them, or two sentencepiece models. Source and target ids are different things, so only
    source text can be encoded and only target ids decoded. Symbols such as "</s>" in a text are
    text.
    """

    vocab_files_names = {  # noqa: RUF012  # transformers' way
        "source_vocab": "source.vocab",
        "target_vocab": "target.vocab",
        "codes": "source.bpe",
        "source_spm": "source.spm",
        "target_spm": "target.spm",
    }
    model_input_names = ["input_ids", "attention_mask"]  # noqa: RUF012  # likewise

    def __init__(
        self,
        source_vocab: str | None = None,
        target_vocab: str | None = None,
        codes: str | None = None,
        source_spm: str | None = None,
        target_spm: str | None = None,
        source_lang: str = "zh",
        target_lang: str = "en",
        unknown_id: int = 1,
        **others: Any,
    ) -> None:
        self._unknown = unknown_id
        self._files: tuple[str, ...]
        self._subwords: _BytePairs | _SentencePieces
        if codes and source_vocab and target_vocab:
            self._files = (source_vocab, target_vocab, codes)
            self._subwords = _BytePairs(self._files, source_lang, target_lang)
        elif source_spm and target_spm:
            self._files = (source_spm, target_spm)
            self._subwords = _SentencePieces(*self._files)
        else:
            raise ValueError(
                "give source_vocab, target_vocab and codes, or source_spm and target_spm"
            )
        self._source = self._subwords.source
        # Tokens after the unknown one of a vocabulary that is too long have no row in the model.
        known = self._source if source_spm else self._source[: unknown_id + 1]
        self._ids = {token: number for number, token in enumerate(known)}
        self._ids.setdefault(UNKNOWN, unknown_id)
        symbols = {"eos_token": END, "pad_token": END, "unk_token": UNKNOWN}
        languages = {"source_lang": source_lang, "target_lang": target_lang}
        super().__init__(**(symbols | others | languages), unknown_id=unknown_id)

    @property
    def vocab_size(self) -> int:
        """Of the source."""
        return max(self._ids.values()) + 1

    def get_vocab(self) -> dict[str, int]:
        """Of the source."""
        return self._ids | self.added_tokens_encoder

    def tokenize(self, text: str, *_: Any, **__: Any) -> list[str]:
        """Subwords of source text."""
        return self._subwords.pieces(text)

    def _convert_token_to_id(self, token: str) -> int:
        return self._ids.get(token, self._unknown)

    def _convert_id_to_token(self, index: int) -> str:
        return self._source[index] if 0 <= index < len(self._source) else UNKNOWN

    def build_inputs_with_special_tokens(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """The ids with the end symbol."""
        return [*token_ids_0, *(token_ids_1 or []), 0]

    def _decode(self, token_ids: int | list[int], *_: Any, **__: Any) -> str:
        """The text up to the end symbol.

        A first one, with which `generate` begins, is passed over.
        """
        ids = [token_ids] if isinstance(token_ids, int) else list(token_ids)
        ids = ids[1:] if ids[:1] == [0] else ids
        return self._subwords.text(ids[: ids.index(0)] if 0 in ids else ids)

    def _switch_to_target_mode(self) -> None:
        raise NotImplementedError("CSANMT's tokenizer encodes source text only")

    def save_vocabulary(
        self, save_directory: str, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Copy the files that it was made of into the folder; returns their paths there."""
        names = list(self.vocab_files_names.values())
        names = names[:3] if len(self._files) == 3 else names[3:]
        saved = []
        for file, name in zip(self._files, names, strict=True):
            target = Path(save_directory) / (
                f"{filename_prefix}-{name}" if filename_prefix else name
            )
            if Path(file).resolve() != target.resolve():
                shutil.copyfile(file, target)
            saved.append(str(target))
        return tuple(saved)


class _BytePairs:
    """Subwords by BPE merges, with a token a line in the vocabularies."""

    def __init__(self, files: Iterable[str], source_lang: str, target_lang: str) -> None:
        """`files` are the vocabularies of source and target, and the merges."""
        source, target, codes = map(Path, files)
        self.source, self._target = read_vocabulary(source), read_vocabulary(target)
        self._to_subwords = SourceText(codes, source_lang, target_lang)
        self._to_text = TargetText(target_lang)

    def pieces(self, text: str) -> list[str]:
        return self._to_subwords.pieces(text)

    def text(self, ids: Iterable[int]) -> str:
        return self._to_text.text(
            self._target[i] if 0 <= i < len(self._target) else UNKNOWN for i in ids
        )


class _SentencePieces:
    """Subwords by two sentencepiece models."""

    def __init__(self, source: str, target: str) -> None:
        self._model = sentencepiece.SentencePieceProcessor(model_file=source)
        self._target = sentencepiece.SentencePieceProcessor(model_file=target)
        self.source = [self._model.id_to_piece(i) for i in range(self._model.get_piece_size())]

    def pieces(self, text: str) -> list[str]:
        pieces: list[str] = self._model.encode(text, out_type=str)
        return pieces

    def text(self, ids: Iterable[int]) -> str:
        size = self._target.get_piece_size()
        text: str = self._target.decode([i for i in ids if 0 <= i < size])
        return text
