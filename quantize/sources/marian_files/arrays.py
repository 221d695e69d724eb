"""Marian's `.npz`: NumPy's arrays by the names of parameters."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from numpy.lib import format as npy

from pipeline.errors import UserError
from quantize.network import Array
from quantize.sources.marian_files.tensors import (
    OPTIONS,
    MarianFile,
    Tensor,
    damaged,
    no_options,
    options_text,
)

SUFFIX = ".npy"


def is_npz(path: Path) -> bool:
    """Whether a file is a zip with the options of a Marian model in it."""
    try:
        with zipfile.ZipFile(path) as members:
            return OPTIONS + SUFFIX in members.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def read_npz(plain: Path, path: Path) -> MarianFile:
    """The model in the file `plain`, which its user knows as `path`.

    Its tensors are read at each access. Raises UserError for one that is damaged or no model.
    """
    try:
        with zipfile.ZipFile(plain) as members:
            names = [name.removesuffix(SUFFIX) for name in members.namelist()]
            shapes = {name: _shape(path, members, name) for name in names}
    except (zipfile.BadZipFile, NotImplementedError, EOFError):
        raise damaged(path, "it is no whole zip") from None
    if OPTIONS not in shapes:
        raise no_options(path)
    text = options_text(path, _reader(plain, path, OPTIONS)().tobytes())
    tensors = {
        name: Tensor(path, name, shape, _reader(plain, path, name))
        for name, shape in shapes.items()
        if name != OPTIONS
    }
    return MarianFile(path, text, tensors)


def _shape(path: Path, members: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    try:
        with members.open(name + SUFFIX) as member:
            version = npy.read_magic(member)
            head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, kind = head(member)
    except (ValueError, KeyError, zlib.error):
        raise damaged(path, f"{name} is no array") from None
    if kind.kind not in ("iu" if name == OPTIONS else "f"):
        raise UserError(f"{path}: {name} is an array of {kind}: name a model with float weights")
    return tuple(shape)


def _reader(plain: Path, path: Path, name: str) -> Callable[[], Array]:
    def read() -> Array:
        try:
            with zipfile.ZipFile(plain) as members, members.open(name + SUFFIX) as member:
                values: Array = npy.read_array(member, allow_pickle=False)
        except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile, zlib.error):
            raise damaged(path, f"{name} cannot be read") from None
        return values

    return read
