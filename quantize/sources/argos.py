"""Source: a package of Argos Translate, as LibreTranslate uses them too: a zip archive
(`translate-zh_en-1_9.argosmodel`), or the folder that it was unpacked into.

`metadata.json`, `model/` (a CTranslate2 model) and `sentencepiece.model`; what else it brings cuts
sentences, which we do ourselves (docs/sources/ctranslate2.md).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from pipeline.bundle import Languages
from pipeline.errors import UserError
from quantize.sources.base import Section, Source
from quantize.sources.ctranslate2.open import MODEL, open_model
from quantize.sources.ctranslate2.place import Place
from quantize.sources.ctranslate2.text import Text
from quantize.sources.unpacked import names, unpack

METADATA, FOLDER = "metadata.json", "model"
PIECES, MERGES = "sentencepiece.model", "bpe.model"
TEXT = Text(PIECES, PIECES, joining="argos", beam_size=4, length_penalty=0.2)
WANTED = (METADATA, PIECES, MERGES)  # beside what is in FOLDER
CHINESE_TO_ENGLISH = ("zh", "en")  # the one of several packages in a folder


class Metadata(Section):
    """`metadata.json`."""

    from_code: str
    to_code: str
    package_version: str = "not stated"
    type: str = "translate"
    target_prefix: str = ""


def is_argos(path: Path) -> bool:
    """Whether it is a package, packed or unpacked, the model of one, or a folder with packages."""
    if path.is_dir():
        return bool(_candidates(path))
    return any(Path(name).name == METADATA for name in names(path))


def open_argos(path: Path, name: str | None = None) -> Source:
    """Read the package; `name` says where it is from.

    Raises UserError for what is missing, damaged or cannot be run exactly.
    """
    if path.is_dir():
        path = _only(path, _candidates(path))
    place = Place(path if path.is_dir() else _unpacked(path), path)
    metadata = _metadata(place)
    where = place.where(METADATA)
    if metadata.type != "translate":
        raise UserError(f"{where}: a package of type {metadata.type} does not translate")
    if metadata.target_prefix:
        raise UserError(
            f"{where}: target_prefix: translations that begin with a given token are not supported"
        )
    if not place.has(PIECES) and place.has(MERGES):
        raise UserError(
            f"{place.where(MERGES)}: packages with Moses and BPE are not supported: take one with "
            f"{PIECES}"
        )
    version = f"version {metadata.package_version}"
    return open_model(
        place.inside(FOLDER),
        place,
        TEXT,
        Languages(source=metadata.from_code, target=metadata.to_code),
        name or f"the Argos Translate package {path.name}, {version}",
    )


def _is_unpacked(folder: Path) -> bool:
    return (folder / METADATA).is_file() and (folder / FOLDER / MODEL).is_file()


def _candidates(folder: Path) -> list[Path]:
    """The packages that a folder is, belongs to, or has."""
    own = [folder, *([folder.parent] if folder.name == FOLDER else [])]
    found = list(filter(_is_unpacked, own))
    return found or sorted(filter(_is_unpacked, folder.iterdir()))


def _only(folder: Path, packages: list[Path]) -> Path:
    """The package from Chinese to English, or the only one."""
    pairs = [_metadata(Place(path, path)) for path in packages]
    wanted = [
        path
        for path, pair in zip(packages, pairs, strict=True)
        if (pair.from_code, pair.to_code) == CHINESE_TO_ENGLISH
    ]
    found = wanted or packages
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise UserError(f"{folder} has several packages ({names}): name one of them")
    return found[0]


def _unpacked(archive: Path) -> Path:
    folder = unpack(archive, lambda name: Path(name).parent.name == FOLDER or name.endswith(WANTED))
    found = sorted(folder.rglob(METADATA), key=lambda path: len(path.parts))
    return found[0].parent


def _metadata(place: Place) -> Metadata:
    try:
        return Metadata.model_validate_json(place.read(METADATA))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"{place.where(METADATA)}: {where}: {first['msg']}: is it Argos Translate's?"
        ) from None
