"""What CSANMT is trained for (Wei et al., ACL 2022).

Shapes: B sentences, S source length, T target length, D hidden size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from quantize.csanmt.modeling import CsanmtForConditionalGeneration, append_eos

TEMPERATURE = 0.1
ALIGNMENT_SHARE = 0.1  # of the contrastive loss in the sum
ETA = 0.6  # of a sample's noise, what grows with the distance of the two vectors in each dimension


class Losses(NamedTuple):
    """What a batch costs."""

    translation: Tensor  # cross-entropy a target token, in nats, with label smoothing
    alignment: Tensor  # contrastive, in nats a sentence
    tokens: int  # target tokens, with the end symbols

    @property
    def total(self) -> Tensor:
        """What training makes less."""
        return self.translation + ALIGNMENT_SHARE * self.alignment


def losses(
    model: CsanmtForConditionalGeneration, src: Tensor, trg: Tensor, smoothing: float
) -> Losses:
    """The losses of a batch of padded ids (B, S) and (B, T) without end symbols.

    The decoder of a model in training sees a vector sampled between those of source and target, as
    they are: the semantic encoder learns from the alignment alone.
    """
    source, target = model.semantics(src), model.semantics(trg, target=True)
    semantic = sample_between(source.detach(), target.detach()) if model.training else source
    labels, real = append_eos(trg)
    memory, keep = model.encode(src)
    states = model.decode(labels, memory, keep, semantic)[real]
    gold = labels[real]
    translation = F.cross_entropy(model.logits(states).float(), gold, label_smoothing=smoothing)
    return Losses(translation, contrastive(source[:, 0], target[:, 0]), gold.numel())


def contrastive(x: Tensor, y: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """How badly each vector of x (B, D) finds its own of y among all, and the other way round."""
    x, y = F.normalize(x.float(), dim=-1), F.normalize(y.float(), dim=-1)
    logits = x @ y.T / temperature
    own = torch.arange(x.size(0), device=x.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def sample_between(x: Tensor, y: Tensor, eta: float = ETA) -> Tensor:
    """One vector a sentence: around x (B, 1, D) for a random half, around y for the rest.

    It is the first link of the paper's mixed Gaussian recurrent chain, which draws several: noise
    in the direction of the other vector, more in the dimensions where the two are far apart.
    """
    bias = (y - x).float()
    size = bias.abs()
    low, high = size.amin(-1, keepdim=True), size.amax(-1, keepdim=True)
    share = (size - low + 1e-12) / (high - low + 2e-12)
    omega = eta * torch.randn_like(bias) * share + (1 - eta) * torch.randn_like(bias)
    from_x = torch.rand(x.size(0), 1, 1, device=x.device) < 0.5
    return torch.where(from_x, x + omega * bias, y - omega * bias).to(x.dtype)
