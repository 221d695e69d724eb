"""Models of Hugging Face by id, fetched by its own library: the files there decide which kind.

The library obeys HF_ENDPOINT, HF_TOKEN, HF_HOME and the proxies of the environment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from quantize.progress import Report
from quantize.sources.ctranslate2.open import MODEL
from quantize.sources.ctranslate2.text import TEXTS
from quantize.sources.hubs.files import Remote
from quantize.sources.hubs.libraries import asked
from quantize.sources.tensors import PICKLED, SAFETENSORS

HUB = "Hugging Face"
MARIAN = (
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "*.spm",
    "*vocab.json",
)
TEXT_FILES = tuple(dict.fromkeys(name for text in TEXTS for name in (text.source, text.target)))
CTRANSLATE2 = ("config.json", "*vocabulary.json", "*vocabulary.txt", *TEXT_FILES)
FIREFOX = ("*vocab.*.spm", "*vocab.*.spm.*")
# A model's weights, and what belongs to them; the first that a repository has is taken.
LAYOUTS = {
    MODEL: CTRANSLATE2,
    SAFETENSORS: MARIAN,
    PICKLED: MARIAN,
    "model.*.bin": FIREFOX,
    "model.*.bin.*": FIREFOX,
}


def from_hugging_face(model: str, report: Report) -> Path:
    """The folder of a model in that library's cache: only the files that are needed.

    It shows progress and resumes; sizes and hashes are checked against those that are published.
    Without a network, what was downloaded before is taken. Raises UserError without the library,
    the network or the model.
    """
    try:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError
    except ModuleNotFoundError:
        raise UserError(
            f"{model}: huggingface_hub is not installed: install the quantize extra"
        ) from None
    with asked(model, HUB):
        try:
            files = HfApi().model_info(model, files_metadata=True).siblings or []
        except HfHubHTTPError:
            raise
        except Exception:  # whatever lies below a library that reaches nothing
            folder = _downloaded_before(model)
            if folder is None:
                raise
            report(f"{HUB} cannot be reached: taking what was downloaded before, {folder}")
            return folder
    published = {file.rfilename: file for file in files}
    names = needed(model, published)
    with asked(model, HUB):
        folder = Path(snapshot_download(model, allow_patterns=names))
    _check(model, folder, {name: published[name] for name in names})
    return folder


def needed(model: str, names: Collection[str]) -> list[str]:
    """Of a repository's files those of one model.

    Raises UserError for a repository that has none of a known kind.
    """
    own = [name for name in names if "/" not in name]
    for weights, others in LAYOUTS.items():
        if any(fnmatchcase(name, weights) for name in own):
            patterns = (weights, *others)
            return [name for name in own if any(fnmatchcase(name, part) for part in patterns)]
    raise UserError(
        f"{model} of {HUB} has no model of a known kind: it has neither {', '.join(LAYOUTS)}"
    )


def _downloaded_before(model: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def _check(model: str, folder: Path, published: Mapping[str, Any]) -> None:
    """Large files have a published hash, others a size."""
    for name, file in published.items():
        path = folder / name
        remote = Remote("", name, file.lfs.sha256 if file.lfs else None, file.size)
        if fault := remote.fault(path):
            path.resolve().unlink()
            raise UserError(f"{name} of {model} {fault}: run the command again")
