"""The graphs that serving runs, against the network in torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.bundle import Bundle
from pipeline.canary import read, replay
from pipeline.errors import UserError
from pipeline.resources import DEFAULT_MODEL, resolve
from pipeline.scoring import forced_logits
from pipeline.session import Sessions

pytestmark = pytest.mark.quantize
SOURCE = resolve(DEFAULT_MODEL) / "source"


@pytest.fixture(scope="module")
def fp32(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    from quantize.build import build
    from quantize.recipes import load_recipe

    return build(SOURCE, load_recipe("fp32"), tmp_path_factory.mktemp("bundles") / "fp32")


def test_the_fp32_bundle_gives_the_torch_networks_logits(fp32: Bundle) -> None:
    import torch
    from safetensors.torch import load_file

    from quantize.csanmt.modeling import Csanmt, CsanmtConfig

    model = Csanmt(CsanmtConfig(**json.loads((SOURCE / "config.json").read_text()))).eval()
    model.load_state_dict({name: w.float() for name, w in load_file(SOURCE / "model.safetensors").items()})
    rng = np.random.default_rng(0)
    sources = [rng.integers(2, 12000, n).tolist() for n in (1, 17, 40, 9, 90)]
    targets = [rng.integers(2, 8000, n).tolist() for n in (5, 0, 30, 12, 120)]
    found = forced_logits(Sessions(fp32), sources, targets)
    for source, target, logits in zip(sources, targets, found, strict=True):
        with torch.no_grad():
            memory, keep = model.encode(torch.tensor([source]))
            states = model.decode(torch.tensor([[*target, 0]]), memory, keep, model.semantics(torch.tensor([source])))
            expected = model.logits(states)[0].numpy()
        assert np.abs(expected - logits).max() <= 1e-4


def test_a_built_bundle_is_verified_and_passes_its_own_canary(fp32: Bundle) -> None:
    assert fp32.manifest.canary.tolerance == 1e-3
    assert replay(Sessions(fp32)) < 1e-4


def test_building_twice_gives_the_same_files(tmp_path: Path) -> None:
    from quantize.build import build
    from quantize.recipes import load_recipe

    first, second = (build(SOURCE, load_recipe("row-63"), tmp_path / str(n)) for n in range(2))
    assert first.manifest.files == second.manifest.files


def test_the_committed_model_is_built_from_its_source(fp32: Bundle) -> None:
    from pipeline.scoring import forced_logprobs

    committed = Bundle.load(DEFAULT_MODEL)
    assert committed.manifest.gate is not None
    assert committed.manifest.gate.passed
    pairs = read(committed).pairs
    exact = forced_logprobs(Sessions(fp32), [pair.source for pair in pairs], [pair.target for pair in pairs])
    apart = max(np.abs(e - np.array(pair.logprobs)).max() for e, pair in zip(exact, pairs, strict=True))
    assert apart <= committed.manifest.canary.tolerance


@pytest.mark.parametrize("name", ["model.safetensors", "source.spm", "calibration.txt"])
def test_a_source_without_one_of_its_files_names_it(tmp_path: Path, name: str) -> None:
    from quantize.sources.training import load

    for path in SOURCE.iterdir():
        if path.name != name:
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(UserError, match=name):
        load(tmp_path)


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    from quantize.recipes import load_recipe

    with pytest.raises(UserError, match="fp32, row-127"):
        load_recipe("int3")
