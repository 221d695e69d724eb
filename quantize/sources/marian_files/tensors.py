"""What Marian's files hold: options, and tensors that are read at each access."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from quantize.network import Array

OPTIONS = "special:model.yml"  # the item that holds them


@dataclass(frozen=True)
class Tensor:
    """One parameter of a file, not read yet."""

    path: Path  # of the model, as its user knows it
    name: str
    shape: tuple[int, ...]
    stored: Callable[[], Array]  # numbers as the file has them, in `shape`
    scale: np.float32 | None = None  # what the file's integers are multiplied by; None: floats
    bits: int = 32  # of a stored number

    def floats(self) -> Array:
        """The values in float32; raises UserError for what is no number."""
        values = self.stored().astype(np.float32)
        if self.scale is not None:
            values *= self.scale
            return values
        if not np.isfinite(values).all():
            raise UserError(
                f"{self.path}: {self.name} has values that are no numbers: copy it anew"
            )
        return values


@dataclass(frozen=True)
class MarianFile:
    """A model as Marian saves it."""

    path: Path  # as its user knows it
    options: str  # YAML
    tensors: Mapping[str, Tensor]


def options_text(path: Path, raw: bytes) -> str:
    """The options of an item's bytes, which a NUL ends; raises UserError for what is no text."""
    try:
        return raw.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        raise damaged(path, f"{OPTIONS} is no text") from None


def no_options(path: Path) -> UserError:
    """The refusal of a file that does not say what network it is of."""
    return UserError(f"{path} has no {OPTIONS}: name a model as Marian saves it")


def damaged(path: Path, reason: str) -> UserError:
    """The refusal of a file that is not whole."""
    return UserError(f"{path} is damaged or cut off ({reason}): copy it anew")
