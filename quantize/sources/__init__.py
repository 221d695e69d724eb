"""Where models come from: a folder or file of a known kind, an address, or an id on a hub."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pipeline.config import home
from pipeline.errors import UserError
from quantize.progress import Report, Show, no_report, no_show
from quantize.sources.argos import is_argos, open_argos
from quantize.sources.base import Source
from quantize.sources.ctranslate2.open import MODEL, open_ctranslate2
from quantize.sources.firefox import is_firefox, open_firefox
from quantize.sources.hubs import address, argos, firefox
from quantize.sources.hubs.huggingface import from_hugging_face
from quantize.sources.hubs.modelscope import OWNERS, from_modelscope
from quantize.sources.hubs.web import shown
from quantize.sources.marian import open_marian
from quantize.sources.modelscope import CONFIGURATION, open_modelscope
from quantize.sources.opus import is_opus, open_opus
from quantize.sources.trained import open_trained

ID = re.compile(r"[\w.-]+/[\w.-]+")
BY_ID = {"firefox:": firefox.open_by_id, "argos:": argos.open_by_id}
IDS = (
    "firefox:zh-en, argos:zh-en, quickmt/quickmt-zh-en, Helsinki-NLP/opus-mt-zh-en, "
    "damo/nlp_csanmt_translation_zh2en"
)
KINDS = (
    "a folder or file of a ModelScope CSANMT, of a Marian model, of Firefox, OPUS-MT, CTranslate2 "
    "or Argos Translate, or one that our training left; the https address of such a file; or an "
    f"id, such as {IDS}"
)


def open_source(spec: str | Path, report: Report = no_report, show: Show = no_show) -> Source:
    """The model that `spec` names: a folder, a file, or what is downloaded for an id or address.

    Raises UserError for what is none of the known kinds, is incomplete or cannot be downloaded.
    """
    spec = str(spec)
    for path in (Path(spec), home() / spec):
        if path.is_dir():
            return open_folder(path.resolve())
        if path.is_file():
            return open_file(path.resolve())
    for start, open_by_id in BY_ID.items():
        if spec.lower().startswith(start):
            return open_by_id(spec, report, show)
    if address.START.match(spec):
        return _open_address(spec, report, show)
    owner = Path(spec).parent
    if not ID.fullmatch(spec) or owner.exists() or (home() / owner).exists():
        raise UserError(f"{spec} is no folder here: name {KINDS}")
    if owner.name in OWNERS:
        return open_modelscope(from_modelscope(spec), name=f"{spec} of ModelScope")
    folder = from_hugging_face(spec, report)
    return open_folder(folder, name=f"{spec} of Hugging Face, revision {folder.name}")


def _open_address(spec: str, report: Report, show: Show) -> Source:
    path = address.download(spec, report, show)
    if address.has_hash(spec):
        return open_file(path, shown(spec))
    return address.opened(path, lambda: open_file(path, shown(spec)))


def open_file(path: Path, name: str | None = None) -> Source:
    """The source that a file is, or belongs to; `name` says where it is from.

    Raises UserError as `open_source` does.
    """
    if is_firefox(path):
        opus = is_opus(path.parent)
        return open_opus(path.parent, name) if opus else open_firefox(path, name)
    if is_opus(path):
        return open_opus(path, name)
    if is_argos(path):
        return open_argos(path, name)
    if path.name == MODEL:
        return open_folder(path.parent, name)
    raise UserError(f"{path} is no model that is known here: name {KINDS}")


def open_folder(folder: Path, name: str | None = None) -> Source:
    """The source in an existing folder; `name` says where it is from.

    Raises UserError as `open_source` does.
    """
    if is_opus(folder):
        return open_opus(folder, name)
    if is_firefox(folder):
        return open_firefox(folder, name)
    if is_argos(folder):
        return open_argos(folder, name)
    if (folder / MODEL).is_file():
        return open_ctranslate2(folder, name)
    if (folder / CONFIGURATION).is_file():
        return open_modelscope(folder, name)
    config = folder / "config.json"
    try:
        kind = json.loads(config.read_bytes()).get("model_type") if config.is_file() else None
    except (ValueError, AttributeError):
        raise UserError(f"{config} is damaged: copy it anew") from None
    if kind == "marian":
        return open_marian(folder, name)
    if config.is_file() and (folder / "source.spm").is_file() and kind in (None, "csanmt"):
        return open_trained(folder)
    found = f"a model of type {kind}" if kind else "no known configuration"
    raise UserError(f"{folder} holds {found}: name {KINDS}")
