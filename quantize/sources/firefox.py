"""Source: a model as Firefox, Bergamot or MTranServer keep it (docs/sources/firefox.md).

A folder with `model.*.bin` (or `.npz`) and `vocab.*.spm`, or `srcvocab.*.spm` and `trgvocab.*.spm`,
each plain or compressed; `lex.*.bin`, a list of likely words, is passed over.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.bundle import Decoding, SentencePieceEntry
from pipeline.errors import UserError
from quantize.sources.base import About, Source
from quantize.sources.marian_files.found import (
    Vocabulary,
    is_model,
    languages,
    models,
    read_vocabulary,
)
from quantize.sources.marian_files.network import Model, read_model
from quantize.sources.unpacked import plain_name

VOCABULARY, SOURCE, TARGET = "vocab", "srcvocab", "trgvocab"  # what their names begin with
MAX_SOURCE_LENGTH = 128  # Bergamot breaks longer sentences
RATIO = 2  # tokens that may come out, with the end symbol, for each that went in, with it
FILES = ("source.spm", "target.spm")  # in the bundle


def is_firefox(path: Path) -> bool:
    """Whether it is a model as Marian saves it, or a folder with one."""
    return bool(models(path)) if path.is_dir() else is_model(path)


def open_firefox(path: Path, name: str | None = None) -> Source:
    """Read a folder, or a model whose vocabularies lie beside it; `name` says where it is from.

    Raises UserError for what is missing, damaged or cannot be computed exactly.
    """
    model_path = _only_model(path) if path.is_dir() else path
    vocabulary_paths = _vocabularies(model_path)
    source, target = (read_vocabulary(found) for found in vocabulary_paths)
    model = read_model(model_path)
    _check_fits(model, source, target)
    network = model.network(target.never)
    return Source(
        folder=model_path.parent,
        identity=(model_path,),
        network=network,
        languages=languages(model_path),
        tokenizer=SentencePieceEntry(
            kind="sentencepiece", source=FILES[0], target=FILES[1], unknown_id=target.unknown_id
        ),
        files=dict(zip(FILES, (source.path, target.path), strict=True)),
        decoding=_decoding(target.end_id),
        about=About(provenance=f"converted from {name or f'the Marian model {model_path.name}'}"),
    )


def _decoding(end_id: int) -> Decoding:
    """As Bergamot decodes for Firefox."""
    return Decoding(
        rules="marian",
        beam_size=1,
        length_penalty=1.0,
        max_length=RATIO * (MAX_SOURCE_LENGTH + 1),
        length_ratio=RATIO,
        length_margin=RATIO,
        end_id=end_id,
        max_source_length=MAX_SOURCE_LENGTH,
    )


def _only_model(folder: Path) -> Path:
    found = models(folder)
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise UserError(f"{folder} has several models ({names}): name one of these files")
    return found[0]


def _vocabularies(model: Path) -> tuple[Path, Path]:
    """The vocabularies of both languages beside a model."""
    shared = _beside(model, VOCABULARY)
    if shared is not None:
        return shared, shared
    source, target = _beside(model, SOURCE), _beside(model, TARGET)
    if source is None or target is None:
        missing = f"{VOCABULARY}*.spm" if source is target else f"{SOURCE}*.spm or {TARGET}*.spm"
        raise UserError(f"{model.parent / missing} is missing: copy all files of the model")
    return source, target


def _beside(model: Path, kind: str) -> Path | None:
    """The vocabulary of a kind: the only one there, or the one with the model's languages."""
    found: dict[str, Path] = {}
    for path in sorted(model.parent.glob(f"{kind}*.spm*")):
        if plain_name(path).endswith(".spm"):
            found.setdefault(plain_name(path), path)
    if len(found) > 1:
        pair = languages(model)
        found = {name: path for name, path in found.items() if languages(path) == pair}
    if len(found) > 1:
        raise UserError(f"{model.parent} has {' and '.join(found)}: keep the one of {model.name}")
    return next(iter(found.values()), None)


def _check_fits(model: Model, source: Vocabulary, target: Vocabulary) -> None:
    wanted, sizes = model.options.vocabularies, (source.size, target.size)
    if wanted != sizes:
        raise UserError(
            f"{model.file.path} has vocabularies of {wanted[0]} and {wanted[1]} pieces, those "
            f"beside it have {sizes[0]} and {sizes[1]}: copy all files of one model"
        )
    if source.end_id != target.end_id:
        raise UserError(
            f"{model.file.path}: its vocabularies end sentences with other ids "
            f"({source.end_id}, {target.end_id}), which is not supported: name another model"
        )
