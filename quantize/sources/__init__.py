"""Where models come from: a folder of a known kind, or an id on ModelScope or Hugging Face."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pipeline.config import home
from pipeline.errors import UserError
from quantize.sources.argos import is_argos, open_argos
from quantize.sources.base import Source
from quantize.sources.ctranslate2.open import MODEL, open_ctranslate2
from quantize.sources.download import from_hugging_face, from_modelscope
from quantize.sources.firefox import is_firefox, open_firefox
from quantize.sources.marian import open_marian
from quantize.sources.modelscope import open_modelscope
from quantize.sources.opus import is_opus, open_opus
from quantize.sources.trained import open_trained

ID = re.compile(r"[\w.-]+/[\w.-]+")
MODELSCOPE_OWNERS = ("damo", "iic")
KINDS = (
    "a ModelScope CSANMT directory, a Marian model's, one of Firefox or OPUS-MT, a CTranslate2 "
    "model's, a package of Argos Translate, one that our training left, or an id such as "
    "damo/nlp_csanmt_translation_zh2en or Helsinki-NLP/opus-mt-zh-en"
)


def open_source(spec: str | Path) -> Source:
    """The model that `spec` names: a folder, or an id, whose missing files are downloaded.

    Raises UserError for what is none of the known kinds, is incomplete or cannot be downloaded.
    """
    spec = str(spec)
    for path in (Path(spec), home() / spec):
        if path.is_dir():
            return open_folder(path.resolve())
        if path.is_file():
            return open_file(path.resolve())
    owner = Path(spec).parent
    if not ID.fullmatch(spec) or owner.exists() or (home() / owner).exists():
        raise UserError(f"{spec} is no folder here: name {KINDS}")
    if owner.name in MODELSCOPE_OWNERS:
        return open_modelscope(from_modelscope(spec), name=f"{spec} of ModelScope")
    folder = from_hugging_face(spec)
    return open_marian(folder, name=f"{spec} of Hugging Face, revision {folder.name}")


def open_file(path: Path) -> Source:
    """The source that a file is, or belongs to; raises UserError as `open_source` does."""
    if is_firefox(path):
        return open_opus(path.parent) if is_opus(path.parent) else open_firefox(path)
    if is_opus(path):
        return open_opus(path)
    if is_argos(path):
        return open_argos(path)
    if path.name == MODEL:
        return open_folder(path.parent)
    raise UserError(f"{path} is no model that is known here: name {KINDS}")


def open_folder(folder: Path) -> Source:
    """The source in an existing folder; raises UserError as `open_source` does."""
    if is_opus(folder):
        return open_opus(folder)
    if is_firefox(folder):
        return open_firefox(folder)
    if is_argos(folder):
        return open_argos(folder)
    if (folder / MODEL).is_file():
        return open_ctranslate2(folder)
    if (folder / "configuration.json").is_file():
        return open_modelscope(folder)
    config = folder / "config.json"
    try:
        kind = json.loads(config.read_bytes()).get("model_type") if config.is_file() else None
    except (ValueError, AttributeError):
        raise UserError(f"{config} is damaged: copy it anew") from None
    if kind == "marian":
        return open_marian(folder)
    if config.is_file() and (folder / "source.spm").is_file() and kind in (None, "csanmt"):
        return open_trained(folder)
    found = f"a model of type {kind}" if kind else "no known configuration"
    raise UserError(f"{folder} holds {found}: name {KINDS}")
