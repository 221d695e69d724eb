"""Tensors by name from the files that Hugging Face's models have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import UserError
from quantize.graphs.builder import Array
from quantize.network import LazyWeights


def weights_file(folder: Path) -> Path:
    """`model.safetensors`, else `pytorch_model.bin`; raises UserError for neither."""
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (folder / name).is_file():
            return folder / name
    raise UserError(
        f"{folder / 'model.safetensors'} is missing, and pytorch_model.bin too: copy all files of the model"
    )


def read_tensors(folder: Path) -> LazyWeights:
    """The tensors of `weights_file` as float32, read when asked for."""
    path = weights_file(folder)
    return _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)


def _safetensors(path: Path) -> LazyWeights:
    from safetensors import SafetensorError, safe_open

    def reader(name: str) -> Any:
        return lambda: _float32(file.get_tensor(name))

    try:
        file: Any = safe_open(path, "numpy")
    except SafetensorError:
        raise UserError(f"{path} is damaged: copy it anew") from None
    return LazyWeights({name: reader(name) for name in file.keys()})  # noqa: SIM118  # no mapping


def _pickled(path: Path) -> LazyWeights:
    try:
        import torch
    except ModuleNotFoundError:
        raise UserError(f"{path} needs torch: install the quantize extra") from None

    def reader(tensor: Any) -> Any:
        return lambda: _float32(tensor.float().numpy())

    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception:  # a damaged or hostile file raises what it likes
        raise UserError(f"{path} is damaged, or no plain weights: copy it anew") from None
    return LazyWeights({name: reader(tensor) for name, tensor in tensors.items()})


def _float32(array: Array) -> Array:
    return array.astype(np.float32, copy=False)
