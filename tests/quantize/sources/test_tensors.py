"""Tensors of files in Hugging Face's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import UserError
from quantize.sources.tensors import read_tensors

pytestmark = pytest.mark.quantize


def write(folder: Path, content: Any) -> None:
    import torch

    torch.save(content, folder / "pytorch_model.bin")


def test_half_precision_is_read_as_float32(tmp_path: Path) -> None:
    import torch

    write(tmp_path, {"weight": torch.tensor([1.5, -2.0], dtype=torch.bfloat16)})
    found = read_tensors(tmp_path)["weight"]
    assert found.dtype == np.float32
    assert found.tolist() == [1.5, -2.0]


@pytest.mark.parametrize("content", [[1, 2], {"model": {"weight": 1}}, {"epoch": 3}, 7, "text"])
def test_a_file_without_plain_weights_is_refused(tmp_path: Path, content: Any) -> None:
    write(tmp_path, content)
    with pytest.raises(UserError, match="no plain weights"):
        read_tensors(tmp_path)


def test_a_list_of_tensors_is_refused(tmp_path: Path) -> None:
    import torch

    write(tmp_path, [torch.zeros(2)])
    with pytest.raises(UserError, match="no plain weights"):
        read_tensors(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.safetensors is missing"):
        read_tensors(tmp_path)
