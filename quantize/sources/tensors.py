"""Tensors by name from the files that Hugging Face's models have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import UserError
from quantize.network import Array, LazyWeights

SAFETENSORS, PICKLED = "model.safetensors", "pytorch_model.bin"


def weights_file(folder: Path) -> Path:
    """`model.safetensors`, else `pytorch_model.bin`; raises UserError for neither."""
    for name in (SAFETENSORS, PICKLED):
        if (folder / name).is_file():
            return folder / name
    raise UserError(
        f"{folder / SAFETENSORS} is missing, and {PICKLED} too: copy all files of the model"
    )


def read_tensors(folder: Path) -> LazyWeights:
    """The tensors of `weights_file` as float32, read at each access.

    Raises UserError for a file that is missing, damaged or no plain weights.
    """
    path = weights_file(folder)
    return _safetensors(path) if path.name == SAFETENSORS else _pickled(path)


def _safetensors(path: Path) -> LazyWeights:
    from safetensors import SafetensorError, safe_open

    try:
        file: Any = safe_open(path, "numpy")
    except SafetensorError:
        raise UserError(f"{path} is damaged: copy it anew") from None

    def reader(name: str) -> Callable[[], Array]:
        return lambda: _float32(file.get_tensor(name))

    return LazyWeights({name: reader(name) for name in file.keys()})  # noqa: SIM118  # no mapping


def _pickled(path: Path) -> LazyWeights:
    try:
        import torch
    except ModuleNotFoundError:
        raise UserError(f"{path} needs torch: install the quantize extra") from None
    refused = UserError(f"{path} is damaged, or no plain weights: copy it anew")
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception:  # a damaged or hostile file raises what it likes
        raise refused from None
    if not isinstance(tensors, dict):
        raise refused
    if not all(isinstance(tensor, torch.Tensor) for tensor in tensors.values()):
        raise refused

    def reader(tensor: torch.Tensor) -> Callable[[], Array]:
        return lambda: _float32(tensor.float().numpy())

    return LazyWeights({name: reader(tensor) for name, tensor in tensors.items()})


def _float32(array: Array) -> Array:
    return array.astype(np.float32, copy=False)
