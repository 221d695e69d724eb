"""What every source of a model gives to the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.bundle import Decoding, Languages, TokenizerEntry
from pipeline.config import Strict
from quantize.network import Network


class About(Strict):
    """Where a model is from: `about.yaml` of a trained source."""

    licence: str = "not stated"
    provenance: str = "not stated"


@dataclass(frozen=True)
class Source:
    """A model, ready to be drafted."""

    folder: Path
    identity: tuple[Path, ...]  # files that together set its weights and options apart
    network: Network
    languages: Languages
    tokenizer: TokenizerEntry
    files: dict[str, Path]  # the tokenizer's: their names in the bundle, and where they are now
    decoding: Decoding
    made: Mapping[str, bytes] = field(
        default_factory=dict
    )  # the tokenizer's that have no place yet
    about: About = field(default_factory=About)
    config: Mapping[str, Any] | None = None  # a CSANMT's values of `CsanmtConfig`
    calibration: tuple[str, ...] = ()  # sentences of the source language, where it brings some


class Section(BaseModel):
    """A section of a file that others define: keys that are not used here are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())
