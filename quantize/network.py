"""A model as the graphs need it, whatever family and file it comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.bundle import DecoderKind, Family

Array = npt.NDArray[Any]
MAX_POSITIONS = 512  # where a source needs no more
SWISH = frozenset({"swish", "silu"})  # two names of one function
# What a feed-forward block may have: `gelu` by the error function, `gelu-tanh` by its usual
# approximation, `gelu-sigmoid` as x·σ(1.702x).
ACTIVATIONS = SWISH | {"relu", "gelu", "gelu-tanh", "gelu-sigmoid", "tanh", "sigmoid"}


class LazyWeights(Mapping[str, Array]):
    """Weights that are read or computed at each access, so that few are in memory at once."""

    def __init__(self, readers: Mapping[str, Callable[[], Array]]) -> None:
        self._readers = readers

    def __getitem__(self, name: str) -> Array:
        return self._readers[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


@dataclass(frozen=True)
class Network:
    """Sizes, options and float32 weights in the names of `quantize.csanmt.modeling`.

    Models of other families go by the same names and lack the semantic encoder's. Layer i of an
    SSRU decoder has `decoder.{i}.ssru.input.weight` and `decoder.{i}.ssru.forget.{weight,bias}` for
    its self-attention. Optional are:
    - a linear layer's bias, and a normalisation's: without, it is by the root mean square;
    - `NAME.ffn.gate.weight` (and bias): its product multiplies the activated inner layer;
    - `encoder_emb_norm` and `decoder_emb_norm`, which normalise embeddings with their positions;
    - `sem_emb.weight` (the semantic encoder's own embedding), `softmax.weight` (else the target
      embedding) and `logits_bias`.
    """

    family: Family
    hidden_size: int
    encoder_heads: int
    decoder_heads: int
    num_encoder_layers: int
    num_decoder_layers: int
    weights: Mapping[str, Array]
    source_scale: float  # multiplies the source's embeddings
    target_scale: float
    positions: Array | None  # [max_positions, H]; None: relative positions instead
    max_positions: int  # bounds source and target length
    target_positions: Array | None = None  # where the decoder's differ
    decoder: DecoderKind = "attention"
    num_semantic_encoder_layers: int = 0
    max_relative_dis: int = 0
    post_norm: bool = False
    activation: str = "relu"
    epsilon: float = 1e-6  # of layer normalisation
    start_id: int | None = None  # first input of the decoder; None: the zero vector
    banned: tuple[int, ...] = ()  # tokens that are never chosen
    # Nor are these as the first, where probabilities are among the others.
    banned_first: tuple[int, ...] = ()
    renormalise: bool = False  # log-probabilities among the tokens that are not banned
    # Of weights that were 8-bit integers: by name, the scales [out] by which these are integers
    # within ±127 again.
    stored_scales: Mapping[str, Array] = field(default_factory=dict)

    @property
    def head_size(self) -> int:
        """Of the decoder's heads."""
        return self.hidden_size // self.decoder_heads

    @property
    def semantic(self) -> bool:
        """Whether a sentence vector reaches the decoder."""
        return self.family == "csanmt"

    @property
    def source_vocab_size(self) -> int:
        """Rows of the source embedding."""
        return len(self.weights["src_emb.weight"])

    @property
    def target_vocab_size(self) -> int:
        """Rows of the target embedding, and logits."""
        return len(self.weights["trg_emb.weight"])


def csanmt_network(
    config: Mapping[str, Any], weights: Mapping[str, Array], max_positions: int = MAX_POSITIONS
) -> Network:
    """A CSANMT's network from `CsanmtConfig`'s values; raises KeyError for a missing size."""
    relative, hidden = config.get("relative_positions", False), config["hidden_size"]
    return Network(
        family="csanmt",
        hidden_size=hidden,
        encoder_heads=config["num_heads"],
        decoder_heads=config["num_heads"],
        num_encoder_layers=config["num_encoder_layers"],
        num_decoder_layers=config["num_decoder_layers"],
        num_semantic_encoder_layers=config["num_semantic_encoder_layers"],
        max_relative_dis=config["max_relative_dis"],
        post_norm=config.get("post_norm", False),
        source_scale=math.sqrt(hidden),
        target_scale=math.sqrt(hidden),
        positions=None if relative else timing_signal(max_positions, hidden),
        max_positions=max_positions,
        weights=weights,
    )


def timing_signal(length: int, channels: int) -> Array:
    """CSANMT's positions [length, channels] float32: all sines, then all cosines.

    docs/csanmt.md has the rates.
    """
    half = channels // 2
    rate = np.exp(np.arange(half, dtype=np.float32) * np.float32(-math.log(1e4) / (half - 1)))
    angle = np.arange(length, dtype=np.float32)[:, None] * rate
    signal = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    return np.pad(signal, ((0, 0), (0, channels % 2)))
