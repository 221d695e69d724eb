"""What is trained: the network and its losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.quantize


def ids() -> tuple[Any, Any]:
    import torch

    return torch.tensor([[5, 9, 2, 29, 7], [11, 3, 0, 0, 0]]), torch.tensor([[4, 19, 6], [8, 0, 0]])


def test_the_network_gives_what_the_first_models_were_trained_with(network: Any) -> None:
    """Numbers of the network that the published weights come from, written down once."""
    import torch

    model, (src, trg) = network, ids()
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


def test_the_loss_counts_every_token_and_no_padding(network: Any) -> None:
    import torch
    import torch.nn.functional as F

    from training.losses import losses

    model, (src, trg) = network, ids()
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


def test_the_semantic_encoder_learns_from_the_alignment_alone(network: Any) -> None:
    from training.losses import losses

    model, (src, trg) = network.train(), ids()
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
