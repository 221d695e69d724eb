"""The graphs that serving runs, against the network in torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.bundle import Bundle, Dimensions
from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.decode.canary import read, replay
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logits
from quantize.bundles.build import build
from quantize.graphs import write_graphs
from quantize.int8.recipes import load_recipe
from quantize.int8.rounding import Quantiser
from quantize.network import csanmt_network
from tests.bundles import bits

pytestmark = pytest.mark.quantize
SOURCE = resolve(DEFAULT_MODEL) / "source"


@pytest.fixture(scope="module")
def fp32(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build(SOURCE, load_recipe("fp32"), tmp_path_factory.mktemp("bundles") / "fp32")


def largest_difference(model: Any, bundle: Bundle) -> float:
    """Between the torch network's teacher-forced logits and the bundle's."""
    import torch

    dims = bundle.manifest.dimensions
    rng = np.random.default_rng(0)
    sources = [rng.integers(2, dims.source_vocab_size, n).tolist() for n in (1, 17, 40, 9, 90)]
    targets = [rng.integers(2, dims.target_vocab_size, n).tolist() for n in (5, 0, 30, 12, 120)]
    differences = []
    found = forced_logits(Sessions(bundle), sources, targets)
    for source, target, logits in zip(sources, targets, found, strict=True):
        with torch.no_grad():
            memory, keep = model.encode(torch.tensor([source]))
            states = model.decode(
                torch.tensor([[*target, 0]]), memory, keep, model.semantics(torch.tensor([source]))
            )
            differences.append(np.abs(model.logits(states)[0].numpy() - logits).max())
    return float(max(differences))


def test_the_fp32_bundle_gives_the_torch_networks_logits(fp32: Bundle) -> None:
    from safetensors.torch import load_file

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    config = CsanmtConfig(**json.loads((SOURCE / "config.json").read_text()))
    model = CsanmtForConditionalGeneration(config).eval()
    model.load_state_dict(
        {name: w.float() for name, w in load_file(SOURCE / "model.safetensors").items()}
    )
    assert largest_difference(model, fp32) <= 1e-4


@pytest.mark.parametrize(
    "post_norm,relative", [(False, False), (False, True), (True, False), (True, True)]
)
@pytest.mark.parametrize("hidden,heads", [(36, 3), (40, 5), (27, 3)])
def test_every_option_and_odd_sizes_give_the_torch_networks_logits(
    tmp_path: Path, post_norm: bool, relative: bool, hidden: int, heads: int
) -> None:
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    torch.manual_seed(hidden)
    config = CsanmtConfig(
        src_vocab_size=101,
        trg_vocab_size=131,
        hidden_size=hidden,
        filter_size=50,
        num_heads=heads,
        num_encoder_layers=2,
        num_decoder_layers=2,
        num_semantic_encoder_layers=1,
        max_relative_dis=3,
        post_norm=post_norm,
        relative_positions=relative,
        share_softmax=not relative,
        share_semantic_embedding=post_norm,
    )
    model = CsanmtForConditionalGeneration(config).eval()
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    weights = {name: weight.numpy() for name, weight in model.state_dict().items()}
    network = csanmt_network(config.to_dict(), weights)
    files = write_graphs(network, Quantiser(load_recipe("fp32")), tmp_path)
    dimensions = Dimensions(
        hidden_size=hidden,
        num_heads=heads,
        head_size=hidden // heads,
        num_decoder_layers=2,
        source_vocab_size=101,
        target_vocab_size=131,
        max_positions=512,
        semantic_bias=True,
    )
    manifest = Bundle.load(DEFAULT_MODEL).manifest
    manifest = manifest.model_copy(update={"dimensions": dimensions, "files": dict.fromkeys(files)})
    assert largest_difference(model, Bundle(tmp_path, manifest)) <= 1e-4


def test_a_float32_encoder_gives_a_sentence_the_same_bits_alone_and_among_others(
    fp32: Bundle,
) -> None:
    sessions, rng = Sessions(fp32), np.random.default_rng(1)
    sources = [rng.integers(2, 12000, n).tolist() for n in rng.integers(1, 90, 24)]
    for ids, among in zip(sources, sessions.encode(sources), strict=True):
        assert bits(next(sessions.encode([ids]))) == bits(among)


def test_a_built_bundle_is_verified_and_passes_its_own_canary(fp32: Bundle) -> None:
    assert fp32.manifest.canary.tolerance == 1e-3
    assert replay(Sessions(fp32)) < 1e-4


def test_the_committed_model_is_built_from_its_source(fp32: Bundle) -> None:
    from pipeline.decode.teacher_forcing import forced_logprobs

    committed = Bundle.load(DEFAULT_MODEL)
    assert committed.manifest.gate is not None
    assert committed.manifest.gate.passed
    pairs = read(committed).pairs
    exact = forced_logprobs(
        Sessions(fp32), [pair.source for pair in pairs], [pair.target for pair in pairs]
    )
    apart = max(
        np.abs(e - np.array(pair.logprobs)).max() for e, pair in zip(exact, pairs, strict=True)
    )
    assert apart <= committed.manifest.canary.tolerance
