"""What is trained, and how it is led: the network, the losses, batches, optimisers and the learning
rate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.quantize

SIZES = {
    "src_vocab_size": 30,
    "trg_vocab_size": 20,
    "hidden_size": 8,
    "filter_size": 12,
    "num_heads": 2,
    "num_encoder_layers": 2,
    "num_decoder_layers": 2,
    "num_semantic_encoder_layers": 1,
    "max_relative_dis": 3,
}


def network() -> Any:
    """A tiny model whose weights are sines."""
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    model = CsanmtForConditionalGeneration(CsanmtConfig(**SIZES)).eval()
    with torch.no_grad():
        for place, (_, parameter) in enumerate(sorted(model.named_parameters())):
            values = torch.sin(torch.arange(parameter.numel()) * 0.37 + place) * 0.5
            parameter.copy_(values.reshape(parameter.shape))
    return model


def ids() -> tuple[Any, Any]:
    import torch

    return torch.tensor([[5, 9, 2, 29, 7], [11, 3, 0, 0, 0]]), torch.tensor([[4, 19, 6], [8, 0, 0]])


def test_the_network_gives_what_the_first_models_were_trained_with() -> None:
    """Numbers of the network that the published weights come from, written down once."""
    import torch

    model, (src, trg) = network(), ids()
    with torch.no_grad():
        memory, keep = model.encode(src)
        source, target = model.semantics(src), model.semantics(trg, target=True)
        logits = model.logits(model.decode(trg, memory, keep, source))
    for found, expected in (
        (memory[:, 1, :3], [[-0.69236, -0.24025, -0.4576], [-0.36507, -0.23155, -0.42861]]),
        (source[:, 0, :3], [[0.46305, -0.32859, 0.0303], [0.46986, -0.63584, 0.06809]]),
        (target[:, 0, :3], [[0.26504, -0.62961, 0.01344], [0.20245, -0.52484, -0.01585]]),
        (logits[:, 2, :3], [[-0.69258, 0.7677, -0.81758], [-0.68631, 0.77327, -0.83481]]),
    ):
        np.testing.assert_allclose(found.numpy(), expected, atol=2e-5)
    assert keep.tolist() == [[True] * 6, [True] * 3 + [False] * 3]


def test_the_loss_counts_every_token_and_no_padding() -> None:
    import torch
    import torch.nn.functional as F

    from training.losses import losses

    model, (src, trg) = network(), ids()
    with torch.no_grad():
        found = losses(model, src, trg, smoothing=0.0)
        alone = [losses(model, src[:1], trg[:1], 0.0), losses(model, src[1:, :2], trg[1:, :1], 0.0)]
        smooth = losses(model, src, trg, smoothing=0.1)
        memory, keep = model.encode(src[1:, :2])
        states = model.decode(torch.tensor([[8, 0]]), memory, keep, model.semantics(src[1:, :2]))
        by_hand = F.cross_entropy(model.logits(states)[0], torch.tensor([8, 0]))
    assert [found.tokens, *(one.tokens for one in alone)] == [6, 4, 2]
    assert alone[1].translation.item() == pytest.approx(by_hand.item(), rel=1e-5)
    mean = (4 * alone[0].translation + 2 * alone[1].translation) / 6
    assert found.translation.item() == pytest.approx(mean.item(), rel=1e-5)
    assert smooth.translation.item() != pytest.approx(found.translation.item(), rel=1e-5)
    assert found.total.item() == pytest.approx(
        found.translation.item() + 0.1 * found.alignment.item(), rel=1e-6
    )


def test_the_semantic_encoder_learns_from_the_alignment_alone() -> None:
    from training.losses import losses

    model, (src, trg) = network().train(), ids()
    found = losses(model, src, trg, smoothing=0.1)
    found.translation.backward(retain_graph=True)
    assert model.semantic_pool.weight.grad is None
    assert model.decoder[0].aug.inner.weight.grad.abs().sum() > 0
    found.alignment.backward()
    assert model.semantic_pool.weight.grad.abs().sum() > 0


def test_contrast_is_least_where_each_finds_its_own() -> None:
    import torch

    from training.losses import contrastive

    vectors = torch.eye(4)
    assert contrastive(vectors, vectors).item() < 0.001
    assert contrastive(vectors, vectors.roll(1, 0)).item() > 5
    assert contrastive(torch.ones(4, 4), torch.ones(4, 4)).item() == pytest.approx(
        np.log(4), rel=1e-5
    )


def test_samples_lie_around_both_vectors_where_these_differ() -> None:
    import torch

    from training.losses import sample_between

    torch.manual_seed(0)
    x = torch.zeros(4000, 1, 3)
    y = torch.tensor([0.0, 1.0, 10.0]).expand(4000, 1, 3)
    drawn = sample_between(x, y)[:, 0]
    assert drawn[:, 0].abs().max() == 0  # where the two agree, so does the sample
    np.testing.assert_allclose(drawn.mean(0), [0, 0.5, 5], atol=0.3)
    # A normal of deviation √((0.6 · spread)² + 0.4²) · distance, around either end.
    spread = torch.tensor([0.1, 1.0])
    deviation = ((0.6 * spread) ** 2 + 0.4**2).sqrt() * torch.tensor([1.0, 10.0])
    np.testing.assert_allclose(
        drawn[:, 1:].var(0), deviation**2 + torch.tensor([0.25, 25.0]), rtol=0.08
    )


def test_the_learning_rate_goes_up_and_then_down() -> None:
    from training.optimisers import learning_rate

    assert learning_rate(0.0, 0, 1e-3, 100) == pytest.approx(1e-5)
    assert learning_rate(0.0, 99, 1e-3, 100) == pytest.approx(1e-3)
    assert learning_rate(0.5, 5000, 1e-3, 100) == pytest.approx(5e-4)
    assert (
        learning_rate(1.0, 9000, 1e-3, 100)
        == learning_rate(1.2, 9900, 1e-3, 100)
        == pytest.approx(2e-5)
    )
    rates = [learning_rate(step / 1000, step, 1e-3, 100) for step in range(1000)]
    assert rates[:90] == sorted(rates[:90])
    assert rates[100:] == sorted(rates[100:], reverse=True)


def test_each_parameter_has_one_optimiser() -> None:
    from training.optimisers import optimisers

    model = network()
    muon, adamw = optimisers(model, 1e-3)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [
        [names[id(p)] for group in o.param_groups for p in group["params"]] for o in (muon, adamw)
    ]
    assert sorted(found[0] + found[1]) == sorted(names.values())
    assert "encoder.0.attn.q.weight" in found[0]
    assert {"src_emb.weight", "trg_emb.weight", "src_bias", "semantic.0.attn.rpr_k"} <= set(
        found[1]
    )


def test_muon_in_float32_is_torchs_but_for_its_precision() -> None:
    import torch
    from torch.optim import _muon

    from training.optimisers import newton_schulz_float32

    torch.manual_seed(0)
    for shape in ((6, 10), (10, 6)):
        gradient = torch.randn(shape)
        arguments = (gradient, (3.4445, -4.775, 2.0315), 5, 1e-7)
        found, theirs = (
            newton_schulz_float32(*arguments),
            _muon._zeropower_via_newtonschulz(*arguments).float(),
        )
        np.testing.assert_allclose(found, theirs, atol=0.03)
        singular = torch.linalg.svdvals(found)
        assert singular.min() > 0.6
        assert singular.max() < 1.3


def test_a_cpu_without_bfloat16_gets_muon_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from torch.optim import _muon

    from training import optimisers

    usual, cpu = _muon._zeropower_via_newtonschulz, torch.device("cpu")
    for supported, expected in ((False, optimisers.newton_schulz_float32), (True, usual)):
        monkeypatch.setattr(
            torch.cpu, "_is_avx512_bf16_supported", lambda supported=supported: supported
        )
        assert optimisers.half_precision(cpu) == supported
        with optimisers.suited_to(cpu):
            assert _muon._zeropower_via_newtonschulz is expected
        assert _muon._zeropower_via_newtonschulz is usual


def test_batches_hold_every_pair_once_and_no_more_tokens_than_told(data: Path) -> None:
    import torch

    from training.batches import Pairs

    pairs = Pairs(data / "train.npz", torch.device("cpu"))
    batches = pairs.batches(300, seed=0)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(pairs))) == list(range(120))
    widths = np.maximum(*pairs.lengths) + 1
    assert max(len(batch) * widths[batch].max() for batch in batches) <= 300
    padded = sum(len(batch) * widths[batch].max() for batch in batches)
    assert padded < 1.4 * widths.sum()
    other = pairs.batches(300, seed=1)
    assert [batch.tolist() for batch in other] != [batch.tolist() for batch in batches]
    assert [len(batch) for batch in pairs.batches(1, seed=0)] == [1] * 120


def test_padding_gives_the_ids_back(data: Path) -> None:
    import torch

    from training.batches import Pairs

    arrays, pairs = np.load(data / "train.npz"), Pairs(data / "train.npz", torch.device("cpu"))
    index = np.array([0, 119, 7, 55])
    for side, padded in zip(("src", "trg"), pairs.pad(index), strict=True):
        offsets = arrays[f"{side}_offsets"]
        rows = [arrays[side][offsets[place] : offsets[place + 1]].tolist() for place in index]
        assert padded.shape == (4, max(map(len, rows)))
        assert [row[: len(ids)] for row, ids in zip(padded.tolist(), rows, strict=True)] == rows
        assert (padded == 0).sum() == padded.numel() - sum(map(len, rows))
