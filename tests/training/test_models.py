"""Models as training reads and writes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError
from tests.training.conftest import SIZES, ShortRun

pytestmark = pytest.mark.quantize


def test_a_configuration_with_unknown_options_is_refused(tmp_path: Path) -> None:
    from training.models import read_config

    path = tmp_path / "config.json"
    path.write_text(json.dumps({**SIZES, "hiden_size": 3}), encoding="utf-8")
    with pytest.raises(UserError, match="hiden_size is no option of CSANMT"):
        read_config(path)


def test_the_full_size_is_the_default() -> None:
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    with torch.device("meta"):
        model = CsanmtForConditionalGeneration(CsanmtConfig())
    assert sum(parameter.numel() for parameter in model.parameters()) == 41_252_736


def test_weights_that_do_not_fit_their_configuration_are_refused(
    run: ShortRun, tmp_path: Path
) -> None:
    from training.models import load_model

    shutil.copytree(run.folder, tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    config = json.loads(path.read_bytes()) | {"filter_size": 48}
    path.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(UserError, match="are of different models"):
        load_model(tmp_path / "run")


def test_averaging_is_the_mean(run: ShortRun, tmp_path: Path) -> None:
    from quantize.sources import open_source
    from training.models import average_models, read_config, read_weights, save_model

    weights = read_weights(run.folder)
    other = Path(shutil.copytree(run.folder, tmp_path / "other"))
    changed = {name: 3 * weight + 0.5 for name, weight in weights.items()}
    save_model(other, read_config(run.folder / "config.json"), changed)
    average_models([run.folder, other], tmp_path / "mean")
    found = open_source(tmp_path / "mean").network.weights
    for name, weight in weights.items():
        np.testing.assert_allclose(found[name], 2 * weight.numpy() + 0.25, rtol=2e-3, atol=1e-3)


def test_only_models_of_one_kind_are_averaged(run: ShortRun, tmp_path: Path) -> None:
    from training.models import average_models

    with pytest.raises(UserError, match="other vocabularies"):
        average_models([run.folder, resolve(DEFAULT_MODEL) / "source"], tmp_path / "mean")
    with pytest.raises(UserError, match="exists: name a new folder"):
        average_models([run.folder], tmp_path)
    assert not (tmp_path / "mean").exists()
