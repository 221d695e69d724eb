"""Which of a folder's files are Marian models, and what their names and vocabularies say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import sentencepiece

from pipeline.bundle import Languages
from pipeline.errors import UserError
from quantize.sources.marian_files.arrays import is_npz
from quantize.sources.marian_files.binary import is_binary
from quantize.sources.unpacked import COMPRESSED, first_bytes, plain_file, plain_name

# Two codes apart, as in "zh-Hans_en", or side by side, as in "zhen".
APART = re.compile(r"([a-z]{2,3})(?:[-_]han[st])?[-_]([a-z]{2,3})", re.IGNORECASE)
BESIDE = re.compile(r"([a-z]{2})(?:[-_]?han[st][-_]?)?([a-z]{2})", re.IGNORECASE)
# Pieces of bytes that are no part of a longer character: Marian chooses none of them.
CONTROL = tuple(f"<0x{byte:02X}>" for byte in range(32))
LONGER = {"zho": "zh", "cmn": "zh", "eng": "en"}


@dataclass(frozen=True)
class Vocabulary:
    """A sentencepiece model as Marian reads one: its ids are those of the network."""

    path: Path  # where its bytes are
    size: int
    end_id: int
    unknown_id: int
    never: tuple[int, ...]  # ids that Marian chooses for no translation


def is_model(path: Path) -> bool:
    """Whether a file, which may be compressed, is a model as Marian saves it."""
    name = plain_name(path)
    if not name.endswith((".bin", ".npz")) or not path.is_file():
        return False
    head = first_bytes(path, 16)
    if head.startswith(b"PK"):
        return name.endswith(".npz") if path.suffix in COMPRESSED else is_npz(path)
    return is_binary(head)


def models(folder: Path) -> list[Path]:
    """The models in a folder; of one that is there packed and unpacked, the unpacked one."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if is_model(path):
            found.setdefault(plain_name(path), path)
    return list(found.values())


def read_vocabulary(path: Path) -> Vocabulary:
    """A vocabulary, which may be compressed; raises UserError for what Marian does not read."""
    plain = plain_file(path)
    try:
        model = sentencepiece.SentencePieceProcessor(model_file=str(plain))
    except (OSError, RuntimeError):
        raise UserError(f"{path} is damaged or no sentencepiece model: copy it anew") from None
    end, unknown = model.eos_id(), model.unk_id()
    if end < 0:
        raise UserError(f"{path} has no symbol that ends a sentence: copy all files of one model")
    never = tuple(sorted({unknown, *map(model.piece_to_id, CONTROL)}))
    return Vocabulary(plain, model.get_piece_size(), end, unknown, never)


def languages(model: Path) -> Languages:
    """What the names of a model's file and folder say; Chinese to English if they say nothing."""
    for part in (*plain_name(model).split(".")[1:], model.parent.name):
        if pair := APART.fullmatch(part) or BESIDE.fullmatch(part):
            source, target = (code.lower() for code in pair.groups())
            return Languages(source=LONGER.get(source, source), target=LONGER.get(target, target))
    return Languages(source="zh", target="en")
