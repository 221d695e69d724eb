"""Fetching models by id: only the files that are needed, resumed where a download broke off."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from quantize.sources.tensors import PICKLED, SAFETENSORS

MARIAN_FILES = [
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "*.spm",
    "*vocab.json",
]
CONFIGURATION = "configuration.json"
LONGEST_REASON = 150  # characters


def from_modelscope(model: str) -> Path:
    """The folder of a CSANMT of ModelScope, in that library's cache.

    Its client shows progress and resumes. Raises UserError without the library, the network or the
    model.
    """
    from quantize.sources.modelscope import needed_files

    try:
        from modelscope import snapshot_download
    except ModuleNotFoundError:
        raise UserError(
            f"{model}: the modelscope library is not installed: run "
            f"`{sys.executable} -m pip install modelscope`, "
            "or copy the model's folder here and name that"
        ) from None
    folder = _fetch(snapshot_download, model, "ModelScope", [CONFIGURATION])
    return _fetch(snapshot_download, model, "ModelScope", needed_files(folder))


def from_hugging_face(model: str) -> Path:
    """The folder of a Marian model of Hugging Face, in that library's cache.

    Raises UserError without the library, the network or the model.
    """
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError:
        raise UserError(
            f"{model}: huggingface_hub is not installed: install the quantize extra"
        ) from None
    folder = _fetch(snapshot_download, model, "Hugging Face", [*MARIAN_FILES, SAFETENSORS])
    if (folder / SAFETENSORS).is_file():
        return folder
    return _fetch(snapshot_download, model, "Hugging Face", [*MARIAN_FILES, PICKLED])


def _fetch(snapshot_download: Callable[..., Any], model: str, hub: str, files: list[str]) -> Path:
    try:
        return Path(snapshot_download(model, allow_patterns=files))
    except Exception as error:  # either library raises whatever lies below it
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{model} cannot be downloaded from {hub} ({reason[:LONGEST_REASON]}): "
            "connect to the network, or copy the model's folder here and name that"
        ) from None
