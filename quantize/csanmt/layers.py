"""What CSANMT's encoders and decoder are made of.

Shapes: B batch, Q queries, S keys, D hidden size, h heads.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import EncoderDecoderCache

from quantize.csanmt.configuration import CsanmtConfig

KeysValues = tuple[Tensor, Tensor]


def timing_signal(places: Tensor, channels: int) -> Tensor:
    """Sinusoidal positions, all sines then all cosines: (S) -> (S, channels)."""
    half = channels // 2
    steps = torch.arange(half, device=places.device, dtype=torch.float32)
    rate = torch.exp(steps * -(math.log(1e4) / (half - 1)))
    angle = places.float()[:, None] * rate
    return F.pad(torch.cat([angle.sin(), angle.cos()], dim=1), (0, channels % 2))


def norm(d: int) -> nn.LayerNorm:
    """A normalisation of vectors of size d."""
    return nn.LayerNorm(d, eps=1e-6)


class Attention(nn.Module):
    """Multi-head attention.

    With `max_relative_dis` it has the relative positions of Shaw et al. (self-attention only).
    """

    def __init__(self, d: int, heads: int, max_relative_dis: int | None = None) -> None:
        super().__init__()
        self.heads, self.max_dis = heads, max_relative_dis
        self.q, self.kv, self.out = nn.Linear(d, d), nn.Linear(d, 2 * d), nn.Linear(d, d)
        if max_relative_dis:
            self.rpr_k = nn.Parameter(torch.empty(2 * max_relative_dis + 1, d // heads))
            self.rpr_v = nn.Parameter(torch.empty(2 * max_relative_dis + 1, d // heads))

    def split(self, x: Tensor) -> Tensor:
        """(B, S, D) -> (B, h, S, D/h)."""
        return x.reshape(*x.shape[:-1], self.heads, -1).transpose(1, 2)

    def project(self, memory: Tensor) -> KeysValues:
        """Keys and values (B, h, S, D/h) of memory (B, S, D)."""
        k, v = self.kv(memory).chunk(2, dim=-1)
        return self.split(k), self.split(v)

    def forward(
        self, x: Tensor, kv: KeysValues, seen: Tensor | None, places: Tensor | None = None
    ) -> Tensor:
        """Attention of x (B, Q, D) to keys and values.

        `seen` (B or 1, 1, Q or 1, S) masks keys; None: queries see those up to their own place.
        `places` (Q) are those of the queries among the keys; None: as many keys as queries.
        """
        q, (k, v) = self.split(self.q(x)), kv
        if self.max_dis:
            o = self._relative(q, k, v, seen, places)
        else:
            o = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=seen is None)
        return self.out(o.transpose(1, 2).flatten(2))

    def _relative(
        self, q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None, places: Tensor | None
    ) -> Tensor:
        assert self.max_dis
        keys = torch.arange(k.size(2), device=q.device)
        distance = (keys if places is None else places)[:, None] - keys
        offset = distance.clamp(-self.max_dis, self.max_dis) + self.max_dis
        rk, rv = self.rpr_k[offset].to(q.dtype), self.rpr_v[offset].to(q.dtype)  # (Q, S, D/heads)
        q = q * q.size(-1) ** -0.5
        logits = q @ k.transpose(-1, -2) + torch.einsum("bhqd,qkd->bhqk", q, rk)
        hidden = distance < 0 if seen is None else ~seen
        w = logits.float().masked_fill(hidden, -1e9).softmax(-1).to(v.dtype)
        return w @ v + torch.einsum("bhqk,qkd->bhqd", w, rv)


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between them."""

    def __init__(self, d: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(d, hidden), nn.Linear(hidden, d)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, S, D) -> (B, S, D)."""
        return self.outer(self.drop(F.relu(self.inner(x))))


class Residual(nn.Module):
    """A layer of sublayers, each with a residual sum and a normalisation before or after it."""

    def __init__(self, c: CsanmtConfig) -> None:
        super().__init__()
        self.post, self.drop = c.post_norm, nn.Dropout(c.dropout)

    def residual(
        self, x: Tensor, normalise: nn.LayerNorm, sublayer: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """x + sublayer(x), normalised before or after."""
        if self.post:
            return normalise(x + self.drop(sublayer(x)))
        return x + self.drop(sublayer(normalise(x)))


class EncoderLayer(Residual):
    """Self-attention and feed-forward, for both encoders."""

    def __init__(self, c: CsanmtConfig, relative: bool) -> None:
        super().__init__(c)
        d, distance = c.hidden_size, c.max_relative_dis if relative else None
        self.attn_norm, self.attn = norm(d), Attention(d, c.num_heads, distance)
        self.ffn_norm, self.ffn = norm(d), FeedForward(d, c.filter_size, c.dropout)

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        """x (B, S, D); `keep` (B, S) tells what is seen."""
        seen = keep[:, None, None]
        x = self.residual(x, self.attn_norm, lambda h: self.attn(h, self.attn.project(h), seen))
        x = self.residual(x, self.ffn_norm, self.ffn)
        return x * keep[..., None]


class DecoderLayer(Residual):
    """Semantic augmentation, self-attention, cross-attention and feed-forward."""

    def __init__(self, c: CsanmtConfig, index: int) -> None:
        super().__init__(c)
        self.index = index
        d, distance = c.hidden_size, c.max_relative_dis if c.relative_positions else None
        self.aug_norm, self.aug = norm(d), FeedForward(d, d, c.dropout)
        self.self_norm, self.self_attn = norm(d), Attention(d, c.num_heads, distance)
        self.cross_norm, self.cross_attn = norm(d), Attention(d, c.num_heads)
        self.ffn_norm, self.ffn = norm(d), FeedForward(d, c.filter_size, c.dropout)

    def augment(self, semantic: Tensor) -> Tensor:
        """(B, 1, D) semantic vector -> (B, 1, D) bias; constant over decoding steps."""
        return self.aug(semantic if self.post else self.aug_norm(semantic))

    def forward(
        self,
        x: Tensor,
        places: Tensor,
        semantic: Tensor,
        memory: Tensor,
        keep: Tensor,
        cache: EncoderDecoderCache | None,
    ) -> Tensor:
        """x (B, T, D) at positions `places` (T).

        With a cache, after those whose keys and values it has.
        """
        x = x + self.augment(semantic)
        x = self.aug_norm(x) if self.post else x
        x = self.residual(x, self.self_norm, lambda h: self._self_attention(h, places, cache))
        cross, seen = self._cross(memory, cache), keep[:, None, None]
        x = self.residual(x, self.cross_norm, lambda h: self.cross_attn(h, cross, seen))
        return self.residual(x, self.ffn_norm, self.ffn)

    def _self_attention(
        self, h: Tensor, places: Tensor, cache: EncoderDecoderCache | None
    ) -> Tensor:
        keys, values = self.self_attn.project(h)
        if cache is None:
            return self.self_attn(h, (keys, values), None)
        keys, values = cache.self_attention_cache.update(keys, values, self.index)
        seen = torch.arange(keys.size(2), device=h.device) <= places[:, None]
        return self.self_attn(h, (keys, values), seen[None, None], places)

    def _cross(self, memory: Tensor, cache: EncoderDecoderCache | None) -> KeysValues:
        if cache is None:
            return self.cross_attn.project(memory)
        if cache.is_updated.get(self.index):
            layer = cache.cross_attention_cache.layers[self.index]
            assert layer.keys is not None and layer.values is not None
            return layer.keys, layer.values
        cache.is_updated[self.index] = True
        return cache.cross_attention_cache.update(*self.cross_attn.project(memory), self.index)
