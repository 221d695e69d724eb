"""One model from several of the same configuration: the mean of their weights."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from pipeline.errors import UserError
from training import models, vocabularies
from training.prepare import CALIBRATION


def average(folders: Sequence[Path], out: Path) -> None:
    """Write the mean, in float32, of the models in source folders into the new folder `out`, a
    source too.

    Vocabularies, calibration text and about.yaml are the first one's. Raises UserError for models
    that differ in more than their weights.
    """
    if out.exists():
        raise UserError(f"{out} exists: name a new folder")
    first, *others = folders
    model = models.load(first)
    total = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for folder in others:
        if not vocabularies.same(first, folder):
            raise UserError(
                f"{folder} has other vocabularies than {first}: their mean means nothing"
            )
        weights = models.read_weights(folder)
        if {name: t.shape for name, t in weights.items()} != {
            name: t.shape for name, t in total.items()
        }:
            raise UserError(
                f"{folder} has another configuration than {first}: their mean means nothing"
            )
        torch._foreach_add_(list(total.values()), [weights[name] for name in total])
    out.mkdir(parents=True)
    models.save(
        out,
        models.read_config(first / models.CONFIG),
        {name: tensor / len(folders) for name, tensor in total.items()},
    )
    for name in (*vocabularies.NAMES, CALIBRATION, "about.yaml"):
        if (first / name).is_file():
            shutil.copyfile(first / name, out / name)
