"""Fetching models by id: only the files that are needed, resumed where a download was broken off."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

MARIAN_FILES = [
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "*.spm",
    "*vocab.json",
]
CONFIGURATION = "configuration.json"


def from_modelscope(model: str) -> Path:
    """The folder of a CSANMT of ModelScope, in that library's cache.

    Its client shows progress and resumes.

    Raises UserError without the library, the network or the model.
    """
    from quantize.sources.modelscope import needed_files

    try:
        from modelscope import snapshot_download
    except ModuleNotFoundError:
        remedy = f"run `{sys.executable} -m pip install modelscope`, or copy the model's folder here and name that"
        raise UserError(f"{model}: the modelscope library is not installed: {remedy}") from None
    folder = Path(_fetch(snapshot_download, model, "ModelScope", [CONFIGURATION]))
    return Path(_fetch(snapshot_download, model, "ModelScope", needed_files(folder)))


def from_hugging_face(model: str) -> Path:
    """The folder of a Marian model of Hugging Face, in that library's cache.

    Raises UserError like the above.
    """
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError:
        raise UserError(
            f"{model}: huggingface_hub is not installed: install the quantize extra"
        ) from None
    folder = Path(
        _fetch(snapshot_download, model, "Hugging Face", [*MARIAN_FILES, "model.safetensors"])
    )
    if (folder / "model.safetensors").is_file():
        return folder
    return Path(
        _fetch(snapshot_download, model, "Hugging Face", [*MARIAN_FILES, "pytorch_model.bin"])
    )


def _fetch(snapshot_download: Callable[..., Any], model: str, hub: str, files: list[str]) -> str:
    try:
        return str(snapshot_download(model, allow_patterns=files))
    except Exception as error:  # either library raises whatever lies below it
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:150]
        raise UserError(
            f"{model} cannot be downloaded from {hub} ({reason}): connect to the network, "
            "or copy the model's folder here and name that"
        ) from None
