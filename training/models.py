"""Models as training reads and writes them: the weights and configuration of a source folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from pipeline.errors import UserError
from quantize.csanmt.configuration import CsanmtConfig
from quantize.csanmt.modeling import CsanmtForConditionalGeneration
from quantize.sources.tensors import read_tensors
from training import vocabularies

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def read_config(path: Path) -> CsanmtConfig:
    """Raises UserError for a file that is missing, damaged or has an option that CSANMT has not."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        unknown = sorted(set(values) - set(CsanmtConfig().to_dict()))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a configuration of CSANMT") from None
    except (ValueError, TypeError):
        raise UserError(f"{path} is damaged: copy it anew") from None
    if unknown:
        raise UserError(f"{path}: {unknown[0]} is no option of CSANMT: mend or remove it")
    return CsanmtConfig(**values)


def sized(config: CsanmtConfig, data: Path) -> CsanmtConfig:
    """The configuration with the sizes of the data's vocabularies."""
    source, target = vocabularies.sizes(data)
    return CsanmtConfig(
        **config.to_diff_dict() | {"src_vocab_size": source, "trg_vocab_size": target}
    )


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The folder's weights in float32."""
    return {name: torch.from_numpy(array) for name, array in read_tensors(folder).items()}


def load(folder: Path) -> CsanmtForConditionalGeneration:
    """The model in a source folder, in float32.

    Raises UserError for weights that do not fit its configuration.
    """
    model = CsanmtForConditionalGeneration(read_config(folder / CONFIG))
    own, read = dict(model.named_parameters()), read_weights(folder)
    if {name: p.shape for name, p in own.items()} != {name: t.shape for name, t in read.items()}:
        raise UserError(
            f"{folder / WEIGHTS} and {CONFIG} beside it are of different models: copy both anew"
        )
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(read[name])
    return model


def save(folder: Path, config: CsanmtConfig, weights: Mapping[str, Tensor]) -> None:
    """Write both files, the weights as float16; what is there stays until the new is complete."""
    unfinished = folder / f"unfinished-{WEIGHTS}"
    save_file(
        {name: tensor.detach().half().cpu().contiguous() for name, tensor in weights.items()},
        unfinished,
    )
    unfinished.replace(folder / WEIGHTS)
    write_text(folder / CONFIG, json.dumps(plain(config), indent=1) + "\n")


def plain(config: CsanmtConfig) -> dict[str, Any]:
    """CSANMT's own options, without what transformers adds for any model."""
    return {
        name: value
        for name, value in config.to_diff_dict().items()
        if name != "transformers_version"
    }


def write_text(path: Path, text: str) -> None:
    unfinished = path.with_name(f"unfinished-{path.name}")
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    unfinished.replace(path)
