"""Models as training reads and writes them: weights and configuration of a source folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from pipeline.errors import UserError
from quantize.csanmt.configuration import CsanmtConfig
from quantize.csanmt.modeling import CsanmtForConditionalGeneration
from quantize.sources.tensors import read_tensors
from quantize.sources.trained import ABOUT, CALIBRATION, CONFIG, VOCABULARIES, WEIGHTS
from training import vocabularies


def read_config(path: Path) -> CsanmtConfig:
    """The configuration in a JSON file.

    Raises UserError for one that is missing, damaged or has an option that CSANMT has not.
    """
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
    sizes = {"src_vocab_size": source, "trg_vocab_size": target}
    return CsanmtConfig(**config.to_diff_dict() | sizes)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The folder's weights in float32."""
    return {name: torch.from_numpy(array) for name, array in read_tensors(folder).items()}


def load_model(folder: Path) -> CsanmtForConditionalGeneration:
    """The model in a source folder, in float32.

    Raises UserError for weights that do not fit its configuration.
    """
    model = CsanmtForConditionalGeneration(read_config(folder / CONFIG))
    parameters, weights = dict(model.named_parameters()), read_weights(folder)
    if _shapes(parameters) != _shapes(weights):
        raise UserError(
            f"{folder / WEIGHTS} and {CONFIG} beside it are of different models: copy both anew"
        )
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])
    return model


def save_model(folder: Path, config: CsanmtConfig, weights: Mapping[str, Tensor]) -> None:
    """Write both files, the weights as float16; what is there stays until the new is complete."""
    unfinished = folder / f"unfinished-{WEIGHTS}"
    halves = {name: weight.detach().half().cpu().contiguous() for name, weight in weights.items()}
    save_file(halves, unfinished)
    unfinished.replace(folder / WEIGHTS)
    write_text(folder / CONFIG, json.dumps(own_options(config), indent=1) + "\n")


def average_models(folders: Sequence[Path], out: Path) -> None:
    """Write the mean, in float32, of models in source folders into the new folder `out`.

    `out` is a source folder too: its vocabularies, calibration text and about.yaml are the first
    one's. Raises UserError for models that differ in more than their weights.
    """
    if out.exists():
        raise UserError(f"{out} exists: name a new folder")
    first, *others = folders
    parameters = load_model(first).named_parameters()
    total = {name: parameter.detach().clone() for name, parameter in parameters}
    for folder in others:
        if not vocabularies.same(first, folder):
            raise UserError(f"{folder} has other vocabularies than {first}: their mean is no model")
        weights = read_weights(folder)
        if _shapes(weights) != _shapes(total):
            raise UserError(
                f"{folder} has another configuration than {first}: their mean is no model"
            )
        torch._foreach_add_(list(total.values()), [weights[name] for name in total])
    out.mkdir(parents=True)
    mean = {name: weight / len(folders) for name, weight in total.items()}
    save_model(out, read_config(first / CONFIG), mean)
    for name in (*VOCABULARIES, CALIBRATION, ABOUT):
        if (first / name).is_file():
            shutil.copyfile(first / name, out / name)


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in weights.items()}


def own_options(config: CsanmtConfig) -> dict[str, Any]:
    """CSANMT's own options, without what transformers adds for any model."""
    options: dict[str, Any] = config.to_diff_dict()
    options.pop("transformers_version", None)
    return options


def write_text(path: Path, text: str) -> None:
    """Write a file; what is there stays until the new is complete."""
    unfinished = path.with_name(f"unfinished-{path.name}")
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    unfinished.replace(path)
