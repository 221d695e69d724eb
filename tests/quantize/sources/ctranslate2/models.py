"""The models in tests/data/imports/ctranslate2, in the layouts that people have them in."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from tests.bundles import VOCABULARIES

DATA = Path(__file__).parents[3] / "data" / "imports" / "ctranslate2"
NAMES = sorted(path.parent.name for path in DATA.glob("*/golden.json"))
PACKAGE = "translate-zh_en-1_9"
METADATA = {"package_version": "1.9", "from_code": "zh", "to_code": "en", "from_name": "Chinese"}
# A sentencepiece model of ours beside each, by the name that its layout gives it.
TEXTS = {
    "argos": {"sentencepiece.model": "source.spm"},
    "quickmt": {"src.spm.model": "source.spm", "tgt.spm.model": "target.spm"},
    "opus": {"source.spm": "source.spm", "target.spm": "target.spm"},
}


def golden(name: str) -> dict[str, Any]:
    """What CTranslate2 answers."""
    answers: dict[str, Any] = json.loads((DATA / name / "golden.json").read_bytes())
    return answers


def model(name: str, folder: Path) -> Path:
    """Lay the model out in an empty `folder`; returns what a user would name."""
    if name == "argos":
        return package(folder)
    place = folder / f"{name}-zh-en"
    shutil.copytree(DATA / name, place, ignore=shutil.ignore_patterns("golden.json"))
    _add_text(place, name)
    return place


def unpacked(folder: Path) -> Path:
    """A package of Argos Translate, as it lies in the folder of packages."""
    place = folder / PACKAGE
    ignored = shutil.ignore_patterns("golden.json")
    shutil.copytree(DATA / "argos", place / "model", ignore=ignored)
    (place / "metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
    _add_text(place, "argos")
    return place


def package(folder: Path) -> Path:
    """The same as one file."""
    place, path = unpacked(folder), folder / f"{PACKAGE}.argosmodel"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(place.rglob("*")):
            archive.write(file, file.relative_to(folder))
    shutil.rmtree(place)
    return path


def _add_text(place: Path, name: str) -> None:
    for theirs, ours in TEXTS.get(name, TEXTS["argos"]).items():
        shutil.copyfile(VOCABULARIES / ours, place / theirs)
