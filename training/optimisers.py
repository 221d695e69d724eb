"""Muon for the layers' matrices, AdamW for the rest, and what they need on CPUs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim import _muon


def optimisers(model: nn.Module, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Muon and AdamW for all parameters.

    AdamW has the embeddings, relative positions, normalisations and biases.
    """
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


def half_precision(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 there: CPUs without AVX512-BF16 only emulate it."""
    return device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()


@contextlib.contextmanager
def suited_to(device: torch.device) -> Iterator[None]:
    """The faster of torch's kernels for training there."""
    with contextlib.ExitStack() as choices:
        # At sentences' lengths, plain products are faster than the CPU's fused attention.
        if device.type == "cpu":
            choices.enter_context(sdpa_kernel(SDPBackend.MATH))
        if not half_precision(device):
            choices.enter_context(_float32_muon())
        yield


@contextlib.contextmanager
def _float32_muon() -> Iterator[None]:
    usual = _muon._zeropower_via_newtonschulz  # fixed to bfloat16, with no option for it
    # The parameters have other names.
    _muon._zeropower_via_newtonschulz = newton_schulz_float32  # type: ignore[assignment]
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
