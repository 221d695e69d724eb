"""Source: a folder as our own training leaves it.

`model.safetensors` (weights in the names of `quantize.csanmt.modeling`), `config.json` (its
`CsanmtConfig`), `source.spm`, `target.spm` (sentencepiece) and `calibration.txt` (Chinese
sentences); beside them optionally `about.yaml` (licence and provenance, which the bundle's manifest
repeats).
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from pydantic import ValidationError

from pipeline.bundle import Decoding, Languages, SentencePieceEntry
from pipeline.errors import UserError
from quantize.network import csanmt_network
from quantize.sentences import read_lines
from quantize.sources.base import About, Source
from quantize.sources.tensors import read_tensors

# What such a folder holds, for who writes it and who reads it.
WEIGHTS, CONFIG = "model.safetensors", "config.json"
VOCABULARIES = ("source.spm", "target.spm")
CALIBRATION, ABOUT = "calibration.txt", "about.yaml"
FILES = (WEIGHTS, CONFIG, *VOCABULARIES, CALIBRATION)
UNKNOWN_ID = 1  # in both vocabularies
MASK_SYMBOLS = tuple(f"⟦{i}⟧" for i in range(8))  # pieces of both, which stand for masked spans

DECODING = Decoding(
    rules="csanmt",
    beam_size=4,
    length_penalty=0.6,
    max_length=200,
    length_ratio=2.0,
    length_margin=16,
    end_id=0,
    max_source_length=96,
)


def open_trained(folder: Path) -> Source:
    """Read the folder; raises UserError naming what is missing or unreadable."""
    for name in FILES:
        if not (folder / name).is_file():
            raise UserError(f"{folder / name} is missing: a trained source has {', '.join(FILES)}")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        network = csanmt_network(config, read_tensors(folder))
    except (json.JSONDecodeError, KeyError) as error:
        raise UserError(f"{folder / CONFIG} is damaged ({error}): copy it anew") from None
    source, target = VOCABULARIES
    return Source(
        folder=folder,
        identity=(folder / CONFIG, folder / WEIGHTS),
        network=network,
        config=config,
        languages=Languages(source="zh", target="en"),
        tokenizer=SentencePieceEntry(
            kind="sentencepiece",
            source=source,
            target=target,
            unknown_id=UNKNOWN_ID,
            mask_symbols=MASK_SYMBOLS,
        ),
        files={name: folder / name for name in VOCABULARIES},
        decoding=DECODING,
        about=_about(folder / ABOUT),
        calibration=read_lines(folder / CALIBRATION),
    )


def _about(path: Path) -> About:
    if not path.is_file():
        return About()
    try:
        return About.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError):
        raise UserError(
            f"{path}: expected the keys licence and provenance: mend or remove it"
        ) from None
