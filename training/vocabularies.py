"""The subword vocabularies of both languages (sentencepiece)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sentencepiece

from pipeline.errors import UserError
from quantize.csanmt.configuration import END
from quantize.sources.trained import MASK_SYMBOLS, UNKNOWN_ID, VOCABULARIES

SOURCE, TARGET = VOCABULARIES
LARGEST = 2**16  # ids are kept as uint16
COVERAGE = {SOURCE: 0.9995, TARGET: 0.9999}  # of the characters; others become bytes
NORMALISATION = {SOURCE: "nmt_nfkc", TARGET: "identity"}  # the target is what users read
OPTIONS: dict[str, Any] = {
    "model_type": "unigram",
    "user_defined_symbols": list(MASK_SYMBOLS),
    "byte_fallback": True,
    "eos_id": END,
    "unk_id": UNKNOWN_ID,
    "bos_id": -1,
    "pad_id": -1,
    "input_sentence_size": 1_500_000,
    "shuffle_input_sentence": True,
    "max_sentence_length": 2000,
    "num_threads": 2,
    "minloglevel": 2,
}


def learn(sentences: Iterable[str], path: Path, size: int) -> None:
    """Write a vocabulary of `size` pieces from the sentences to `path`.

    Its name is that of the side. Raises UserError for a size that the sentences do not fill or that
    is too large.
    """
    if size > LARGEST:
        raise UserError(f"a vocabulary of {size} pieces is too large: at most {LARGEST}")
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_prefix=str(path.with_suffix("")),
            vocab_size=size,
            character_coverage=COVERAGE[path.name],
            normalization_rule_name=NORMALISATION[path.name],
            **OPTIONS,
        )
    except RuntimeError as error:
        reason = " ".join(str(error).split("] ")[-1].split())
        raise UserError(f"no vocabulary of {size} pieces for {path.name}: {reason}") from None
    path.with_suffix(".model").replace(path)
    path.with_suffix(".vocab").unlink()


def load_vocabulary(path: Path) -> Any:
    """The vocabulary's encoder; raises UserError for a missing or damaged file."""
    try:
        return sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError):
        raise UserError(
            f"{path} is missing or damaged: name a folder with {' and '.join(VOCABULARIES)}"
        ) from None


def copy(folder: Path, out: Path) -> None:
    """Copy both vocabularies of a model or of earlier data, for data that continues it."""
    for name in VOCABULARIES:
        if load_vocabulary(folder / name).get_piece_size() > LARGEST:
            raise UserError(f"{folder / name} has too many pieces: at most {LARGEST}")
        shutil.copyfile(folder / name, out / name)


def sizes(folder: Path) -> tuple[int, int]:
    """Pieces of the source and of the target vocabulary."""
    source, target = (load_vocabulary(folder / name).get_piece_size() for name in VOCABULARIES)
    return source, target


def same(folder: Path, other: Path) -> bool:
    """Whether ids mean the same in two folders; raises UserError if a vocabulary is missing."""
    for path in (place / name for place in (folder, other) for name in VOCABULARIES):
        if not path.is_file():
            raise UserError(f"{path} is missing: name a whole folder of data or of a model")
    return all((folder / name).read_bytes() == (other / name).read_bytes() for name in VOCABULARIES)
