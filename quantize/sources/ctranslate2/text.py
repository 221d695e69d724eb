"""The sentencepiece models beside a `model.bin`, and what their names say of its own client."""

from __future__ import annotations

from dataclasses import dataclass

import sentencepiece

from pipeline.bundle import MarianEntry, PieceJoining
from pipeline.errors import UserError
from quantize.sources.ctranslate2.place import Place
from quantize.sources.ctranslate2.vocabulary import Vocabulary

# Fewer of the vocabulary's tokens than this share are pieces of the sentencepiece model: it is
# another model's.
FEWEST_PIECES = 0.1


@dataclass(frozen=True)
class Text:
    """How a layout turns sentences into pieces, and what its own client does beside."""

    source: str  # name of the source's sentencepiece model
    target: str
    ends_source: bool = False  # the client closes the source with the end symbol
    joining: PieceJoining = "sentencepiece"
    beam_size: int = 4
    length_penalty: float = 1.0


TEXTS = (
    Text("src.spm.model", "tgt.spm.model", ends_source=True, beam_size=5),  # quickmt
    Text("joint.spm.model", "joint.spm.model", ends_source=True, beam_size=5),
    Text("source.spm", "target.spm", ends_source=True),  # OPUS-MT, by whichever converter
    Text("sentencepiece.model", "sentencepiece.model"),
    Text("spm.model", "spm.model"),
)


def text_files(
    place: Place, text: Text, source: Vocabulary, target: Vocabulary
) -> tuple[MarianEntry, dict[str, bytes]]:
    """The entry of the tokenizer, and its files."""
    one = text.source == text.target
    made: dict[str, bytes] = {}
    for name, ours, vocabulary in (
        (text.source, "source.spm", source),
        (text.target, "target.spm", target),
    )[: 1 if one else 2]:
        made[ours] = place.read(name)
        _check_pieces(place.where(name), made[ours], vocabulary)
    made["vocab.json"] = source.json()
    if target is not source:
        made["target_vocab.json"] = target.json()
    entry = MarianEntry(
        kind="marian",
        source="source.spm",
        target="source.spm" if one else "target.spm",
        source_ids="vocab.json",
        target_ids="vocab.json" if target is source else "target_vocab.json",
        unknown_id=target.unknown_id,
        source_unknown_id=source.unknown_id,
        joining=text.joining,
    )
    return entry, made


def _check_pieces(where: str, content: bytes, vocabulary: Vocabulary) -> None:
    try:
        model = sentencepiece.SentencePieceProcessor(model_proto=content)
    except (RuntimeError, ValueError):
        raise UserError(f"{where} is no sentencepiece model: copy it anew") from None
    pieces = {model.id_to_piece(i) for i in range(model.get_piece_size())}
    if len(pieces.intersection(vocabulary.tokens)) < FEWEST_PIECES * len(vocabulary):
        raise UserError(
            f"{where}: hardly any of its pieces are in {vocabulary.where}: copy all files of one "
            "model"
        )
