"""Muon for the layers' matrices, AdamW for the rest, and what they need on CPUs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim import _muon

LOWEST = 0.02  # of the peak, what the learning rate falls to


def optimisers(model: nn.Module, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Of all parameters: AdamW has the embeddings, relative positions, normalisations and biases."""
    matrices, tables, vectors = [], [], []
    for name, parameter in model.named_parameters():
        if parameter.dim() < 2:
            vectors.append(parameter)
        elif "emb" in name or "rpr" in name:
            tables.append(parameter)
        else:
            matrices.append(parameter)
    return [
        torch.optim.Muon(
            matrices,
            lr=learning_rate,
            weight_decay=0.05,
            momentum=0.95,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(
            [{"params": tables, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}],
            lr=learning_rate,
            betas=(0.9, 0.98),
            eps=1e-9,
        ),
    ]


def learning_rate(progress: float, step: int, peak: float, warmup: int) -> float:
    """A line up over the first `warmup` steps, times half a cosine down over the run's `progress`
    (0 to 1).
    """
    return (
        peak
        * min(1.0, (step + 1) / warmup)
        * max(LOWEST, 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))))
    )


def half_precision(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 there: CPUs without AVX512-BF16 only emulate it."""
    return device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()


@contextlib.contextmanager
def suited_to(device: torch.device) -> Iterator[None]:
    """The faster of torch's kernels for training there."""
    with contextlib.ExitStack() as choices:
        if (
            device.type == "cpu"
        ):  # plain products are faster than its fused attention at sentences' lengths
            choices.enter_context(sdpa_kernel(SDPBackend.MATH))
        if not half_precision(device):
            choices.enter_context(_float32_muon())
        yield


@contextlib.contextmanager
def _float32_muon() -> Iterator[None]:
    usual = _muon._zeropower_via_newtonschulz  # fixed to bfloat16, with no option for it
    _muon._zeropower_via_newtonschulz = newton_schulz_float32  # type: ignore[assignment]  # other parameter names
    try:
        yield
    finally:
        _muon._zeropower_via_newtonschulz = usual


def newton_schulz_float32(
    gradient: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Tensor:
    """Muon's iteration towards the nearest orthogonal matrix, in the gradient's own precision."""
    a, b, c = coefficients
    tall = gradient.size(0) > gradient.size(1)
    wide = gradient.T if tall else gradient
    wide = wide / wide.norm().clamp(min=eps)
    for _ in range(steps):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide.T if tall else wide
