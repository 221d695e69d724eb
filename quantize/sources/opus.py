"""Source: a model as OPUS-MT publishes it first: a zip, or what it unpacks to.

`decoder.yml`, the `.npz` and the `.vocab.yml` that it names, `source.spm` and `target.spm`
(docs/sources/opus-mt.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from pipeline.bundle import Decoding, MarianEntry
from pipeline.errors import UserError
from quantize.network import MAX_POSITIONS
from quantize.sources.base import About, Section, Source
from quantize.sources.marian_files.found import CONTROL, languages
from quantize.sources.marian_files.network import read_model
from quantize.sources.marian_files.vocabulary import END, UNKNOWN, read_ids
from quantize.sources.unpacked import names, unpack

DECODER = "decoder.yml"
PIECES = ("source.spm", "target.spm")
WANTED = (".yml", ".npz", ".spm")
MAX_SOURCE_LENGTH = 128  # longer sentences are parted


class Decoder(Section):
    """What `decoder.yml` says; what is absent has the value that Marian gives it."""

    models: list[str] = Field(min_length=1, max_length=1)
    vocabs: list[str] = Field(min_length=2, max_length=2)
    beam_size: int = Field(12, alias="beam-size", ge=1)
    normalize: float = 0.0
    word_penalty: float = Field(0.0, alias="word-penalty", ge=0, le=0)
    allow_unknown: bool = Field(False, alias="allow-unk")
    length_factor: int = Field(3, alias="max-length-factor", gt=0)


def is_opus(path: Path) -> bool:
    """Whether it is the zip, or a folder that one was unpacked into."""
    if path.is_dir():
        return (path / DECODER).is_file()
    return any(Path(name).name == DECODER for name in names(path))


def open_opus(path: Path, name: str | None = None) -> Source:
    """Read the zip or the folder; `name` says where it is from.

    Raises UserError for what is missing, damaged or cannot be computed exactly.
    """
    folder = path if path.is_dir() else _unpacked(path)
    decoder = _read_decoder(folder / DECODER, path)
    model_path = _named(folder, decoder.models[0], path)
    vocabularies = [_named(folder, vocabulary, path) for vocabulary in decoder.vocabs]
    pieces = [_named(folder, piece, path) for piece in PIECES]
    model = read_model(model_path, path / model_path.name)
    source, target = (
        read_ids(vocabulary, size, path / vocabulary.name)
        for vocabulary, size in zip(vocabularies, model.options.vocabularies, strict=True)
    )
    _check(path, source, target)
    symbols = CONTROL if decoder.allow_unknown else (UNKNOWN, *CONTROL)
    never = tuple(target[symbol] for symbol in symbols if symbol in target)
    files = {"vocab.json": source} | ({} if target == source else {"target_vocab.json": target})
    return Source(
        folder=folder,
        identity=(folder / DECODER, model_path, *vocabularies),
        network=model.network(never),
        languages=languages(path / "model"),
        tokenizer=MarianEntry(
            kind="marian",
            source=PIECES[0],
            target=PIECES[1],
            source_ids="vocab.json",
            target_ids=list(files)[-1],
            unknown_id=target[UNKNOWN],
            source_unknown_id=source[UNKNOWN],
        ),
        files=dict(zip(PIECES, pieces, strict=True)),
        made={name: json.dumps(ids, ensure_ascii=False).encode() for name, ids in files.items()},
        decoding=_decoding(decoder, target[END]),
        about=About(provenance=f"converted from {name or f'the OPUS-MT model {path.name}'}"),
    )


def _decoding(decoder: Decoder, end_id: int) -> Decoding:
    factor = decoder.length_factor
    return Decoding(
        rules="marian",
        beam_size=decoder.beam_size,
        length_penalty=decoder.normalize,
        max_length=MAX_POSITIONS,
        length_ratio=factor,
        length_margin=factor,
        end_id=end_id,
        max_source_length=MAX_SOURCE_LENGTH,
    )


def _unpacked(archive: Path) -> Path:
    folder = unpack(archive, lambda name: name.endswith(WANTED))
    return next(folder.rglob(DECODER)).parent


def _read_decoder(path: Path, shown: Path) -> Decoder:
    try:
        return Decoder.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UserError(f"{shown}: {DECODER} is damaged: copy it anew") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"{shown}: {DECODER}: {where}: {first['msg']}: is it OPUS-MT's, of one model?"
        ) from None


def _named(folder: Path, name: str, shown: Path) -> Path:
    """A file beside `decoder.yml`, whatever folder it had when the model was trained."""
    path = folder / Path(name).name
    if not path.is_file():
        raise UserError(f"{shown}: {path.name} is missing: copy all files of the model")
    return path


def _check(path: Path, source: Mapping[str, int], target: Mapping[str, int]) -> None:
    if source[END] != target[END]:
        raise UserError(
            f"{path}: its vocabularies end sentences with other ids "
            f"({source[END]}, {target[END]}), which is not supported: name another model"
        )
    codes = [piece for piece in source if piece.startswith(">>") and piece.endswith("<<")]
    if codes:
        raise UserError(
            f"{path} wants a target language before each sentence ({codes[0]} …), which is not "
            "supported: name a model of one target language"
        )
