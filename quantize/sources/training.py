"""Source: a folder as our own training leaves it.

`model.safetensors` (weights in the names of `quantize.csanmt.modeling.Csanmt`), `config.json` (its
`CsanmtConfig`), `source.spm`, `target.spm` (sentencepiece) and `calibration.txt` (Chinese sentences);
beside them optionally `about.yaml` (licence and provenance, which the bundle's manifest repeats).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file

from pipeline.bundle import Strict
from pipeline.errors import UserError
from quantize.graphs import Network, timing_signal

FILES = ("model.safetensors", "config.json", "source.spm", "target.spm", "calibration.txt")
MAX_POSITIONS = 512


class About(Strict):
    """`about.yaml`."""

    licence: str = "not stated"
    provenance: str = "not stated"


@dataclass(frozen=True)
class TrainedSource:
    folder: Path
    network: Network
    calibration: tuple[str, ...]
    about: About


def load(folder: Path) -> TrainedSource:
    """Read the folder; raises UserError naming what is missing or unreadable."""
    for name in FILES:
        if not (folder / name).is_file():
            raise UserError(f"{folder / name} is missing: a trained source has {', '.join(FILES)}")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = {name: array.astype(np.float32) for name, array in load_file(folder / "model.safetensors").items()}
        network = Network(
            hidden_size=config["hidden_size"],
            num_heads=config["num_heads"],
            num_encoder_layers=config["num_encoder_layers"],
            num_decoder_layers=config["num_decoder_layers"],
            num_semantic_encoder_layers=config["num_semantic_encoder_layers"],
            max_relative_dis=config["max_relative_dis"],
            positions=timing_signal(MAX_POSITIONS, config["hidden_size"]),
            weights=weights,
        )
    except (json.JSONDecodeError, SafetensorError, KeyError) as error:
        raise UserError(f"{folder}: config.json or model.safetensors is damaged ({error}): copy it anew") from None
    lines = (folder / "calibration.txt").read_text(encoding="utf-8").splitlines()
    return TrainedSource(folder, network, tuple(line for line in lines if line.strip()), _about(folder / "about.yaml"))


def _about(path: Path) -> About:
    if not path.is_file():
        return About()
    try:
        return About.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError):
        raise UserError(f"{path}: expected the keys licence and provenance: mend or remove it") from None
