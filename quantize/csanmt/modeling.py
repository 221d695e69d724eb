"""CSANMT in PyTorch: continuous semantic augmentation for neural machine translation.

Architecture of Wei et al., "Learning to Generalize to More: Continuous Semantic
Augmentation for Neural Machine Translation" (ACL 2022), with the conventions of the
public ModelScope checkpoints: token id 0 is both end-of-sentence and padding, the
decoder starts from a zero vector, sublayers are pre-normalised, the target embedding
is tied to the output projection, and one semantic vector per sentence is added to the
decoder through a small feed-forward block in front of every decoder layer.

Shapes: B batch, S source length, T target length, D hidden size, V vocabulary size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EOS = PAD = 0
KeysValues = tuple[Tensor, Tensor]
Layer = TypeVar("Layer", bound=nn.Module)


@dataclass(frozen=True)
class CsanmtConfig:
    src_vocab_size: int = 24000
    trg_vocab_size: int = 16000
    hidden_size: int = 384
    filter_size: int = 1536
    num_heads: int = 6
    num_encoder_layers: int = 8
    num_decoder_layers: int = 3
    num_semantic_encoder_layers: int = 2
    max_relative_dis: int = 16
    share_semantic_embedding: bool = True
    dropout: float = 0.1

    def as_dict(self) -> dict[str, int | float | bool]:
        return asdict(self)


def timing_signal(length: int, channels: int, device: torch.device | None = None) -> Tensor:
    """Sinusoidal positions, all sines then all cosines: (length, channels)."""
    half = channels // 2
    rate = torch.exp(torch.arange(half, device=device, dtype=torch.float32) * -(math.log(1e4) / (half - 1)))
    angle = torch.arange(length, device=device, dtype=torch.float32)[:, None] * rate[None]
    return torch.cat([angle.sin(), angle.cos()], dim=1)


def append_eos(ids: Tensor) -> tuple[Tensor, Tensor]:
    """(B, L) padded ids -> (B, L+1) ids ending in EOS and the mask that keeps that EOS."""
    seq = F.pad(ids, (0, 1), value=EOS)
    keep = F.pad(seq[:, :-1] != PAD, (1, 0), value=True)
    return seq, keep


class Attention(nn.Module):
    """Multi-head attention; with `max_relative_dis`, Shaw et al. relative positions (self-attention only)."""

    def __init__(self, d: int, heads: int, max_relative_dis: int | None = None) -> None:
        super().__init__()
        self.heads, self.max_dis = heads, max_relative_dis
        self.q, self.kv, self.out = nn.Linear(d, d), nn.Linear(d, 2 * d), nn.Linear(d, d)
        if max_relative_dis:
            self.rpr_k = nn.Parameter(torch.empty(2 * max_relative_dis + 1, d // heads))
            self.rpr_v = nn.Parameter(torch.empty(2 * max_relative_dis + 1, d // heads))

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], self.heads, -1).transpose(1, 2)

    def project(self, memory: Tensor) -> KeysValues:
        k, v = self.kv(memory).chunk(2, dim=-1)
        return self.split(k), self.split(v)

    def forward(self, x: Tensor, kv: KeysValues, keep: Tensor | None, causal: bool = False) -> Tensor:
        q, (k, v) = self.split(self.q(x)), kv
        if self.max_dis and keep is not None:
            offset = torch.arange(k.size(2), device=x.device)
            offset = (offset[:, None] - offset[None]).clamp(-self.max_dis, self.max_dis) + self.max_dis  # query - key
            rk, rv = self.rpr_k[offset].to(q.dtype), self.rpr_v[offset].to(q.dtype)  # (S, S, D/heads)
            q = q * q.size(-1) ** -0.5
            logits = q @ k.transpose(-1, -2) + torch.einsum("bhqd,qkd->bhqk", q, rk)
            logits = logits.float().masked_fill(~keep[:, None, None], -1e9)
            w = logits.softmax(-1).to(v.dtype)
            o = w @ v + torch.einsum("bhqk,qkd->bhqd", w, rv)
        else:
            mask = keep[:, None, None] if keep is not None else None
            o = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
        return self.out(o.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, d: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.inner, self.outer, self.drop = nn.Linear(d, hidden), nn.Linear(hidden, d), nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.drop(F.relu(self.inner(x))))


def norm(d: int) -> nn.LayerNorm:
    return nn.LayerNorm(d, eps=1e-6)


class EncoderLayer(nn.Module):
    def __init__(self, c: CsanmtConfig, relative: bool) -> None:
        super().__init__()
        d = c.hidden_size
        self.attn_norm, self.attn = norm(d), Attention(d, c.num_heads, c.max_relative_dis if relative else None)
        self.ffn_norm, self.ffn = norm(d), FeedForward(d, c.filter_size, c.dropout)
        self.drop = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        h = self.attn_norm(x)
        x = x + self.drop(self.attn(h, self.attn.project(h), keep))
        x = x + self.drop(self.ffn(self.ffn_norm(x)))
        return x * keep[..., None]


class DecoderLayer(nn.Module):
    def __init__(self, c: CsanmtConfig) -> None:
        super().__init__()
        d = c.hidden_size
        self.aug_norm, self.aug = norm(d), FeedForward(d, d, c.dropout)
        self.self_norm, self.self_attn = norm(d), Attention(d, c.num_heads)
        self.cross_norm, self.cross_attn = norm(d), Attention(d, c.num_heads)
        self.ffn_norm, self.ffn = norm(d), FeedForward(d, c.filter_size, c.dropout)
        self.drop = nn.Dropout(c.dropout)

    def augment(self, semantic: Tensor) -> Tensor:
        """(B, 1, D) semantic vector -> (B, 1, D) bias; constant over decoding steps."""
        return self.aug(self.aug_norm(semantic))

    def forward(self, x: Tensor, bias: Tensor, memory_kv: KeysValues, keep: Tensor) -> Tensor:
        x = x + bias
        h = self.self_norm(x)
        x = x + self.drop(self.self_attn(h, self.self_attn.project(h), None, causal=True))
        x = x + self.drop(self.cross_attn(self.cross_norm(x), memory_kv, keep))
        return x + self.drop(self.ffn(self.ffn_norm(x)))


def stack(layers: Iterable[Layer]) -> Iterable[Layer]:
    """Layers registered with their owner, seen by their own type."""
    return cast(Iterable[Layer], nn.ModuleList(layers))


class Csanmt(nn.Module):
    def __init__(self, config: CsanmtConfig) -> None:
        super().__init__()
        c, d = config, config.hidden_size
        self.config = c
        self.src_emb = nn.Embedding(c.src_vocab_size, d)
        self.trg_emb = nn.Embedding(c.trg_vocab_size, d)
        self.sem_emb = None if c.share_semantic_embedding else nn.Embedding(c.src_vocab_size, d)
        self.trg_sem_emb = None if c.share_semantic_embedding else nn.Embedding(c.trg_vocab_size, d)
        self.src_bias = nn.Parameter(torch.zeros(d))
        self.encoder = stack(EncoderLayer(c, relative=False) for _ in range(c.num_encoder_layers))
        self.encoder_norm = norm(d)
        self.semantic = stack(EncoderLayer(c, relative=True) for _ in range(c.num_semantic_encoder_layers))
        self.semantic_pool, self.semantic_norm = nn.Linear(d, d), norm(d)
        self.decoder = stack(DecoderLayer(c) for _ in range(c.num_decoder_layers))
        self.decoder_norm = norm(d)
        self.drop = nn.Dropout(c.dropout)
        self.positions: Tensor
        self.register_buffer("positions", timing_signal(1024, d), persistent=False)
        for name, p in self.named_parameters():
            if "emb" in name:
                nn.init.normal_(p, std=d**-0.5)
            elif p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def encode(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S) padded ids -> memory (B, S+1, D) and its mask (B, S+1)."""
        seq, keep = append_eos(ids)
        x = self.src_emb(seq) * self.config.hidden_size**0.5 + self.positions[: seq.size(1)]
        x = self.drop(x * keep[..., None] + self.src_bias)
        for layer in self.encoder:
            x = layer(x, keep)
        return self.encoder_norm(x), keep

    def semantics(self, ids: Tensor, target: bool = False) -> Tensor:
        """(B, L) padded ids -> (B, 1, D) sentence vector."""
        own, shared = (self.trg_sem_emb, self.trg_emb) if target else (self.sem_emb, self.src_emb)
        emb = shared if own is None else own
        seq, keep = append_eos(ids)
        x = self.drop(emb(seq) * self.config.hidden_size**0.5 * keep[..., None])
        for layer in self.semantic:
            x = layer(x, keep)
        pooled = x.sum(1) / keep.sum(1, keepdim=True)
        return self.semantic_norm(self.semantic_pool(pooled.to(x.dtype)))[:, None]

    def decode(self, prev: Tensor | None, memory: Tensor, keep: Tensor, semantic: Tensor) -> Tensor:
        """Teacher forcing: (B, T) target ids -> (B, T, D) states, position t seeing ids before t."""
        x = F.pad(self.trg_emb(prev) * self.config.hidden_size**0.5, (0, 0, 1, 0))[:, :-1]
        x = self.drop(x + self.positions[: x.size(1)])
        for layer in self.decoder:
            x = layer(x, layer.augment(semantic), layer.cross_attn.project(memory), keep)
        return self.decoder_norm(x)

    def logits(self, states: Tensor) -> Tensor:
        return F.linear(states, self.trg_emb.weight)
