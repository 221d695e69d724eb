"""CSANMT in PyTorch: continuous semantic augmentation for neural machine translation.

Architecture of Wei et al., "Learning to Generalize to More: Continuous Semantic
Augmentation for Neural Machine Translation" (ACL 2022), with the conventions of the
public ModelScope checkpoints (docs/csanmt.md): token id 0 is both end-of-sentence and
padding, the decoder starts from a zero vector, and one semantic vector per sentence is
added to the decoder through a small feed-forward block in front of every decoder layer.

Shapes: B batch, S source length, T target length, D hidden size, V vocabulary size.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import DynamicCache, EncoderDecoderCache, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from quantize.csanmt.configuration import END, CsanmtConfig
from quantize.csanmt.layers import Attention, DecoderLayer, EncoderLayer, norm, timing_signal

Layer = TypeVar("Layer", bound=nn.Module)


def append_eos(ids: Tensor) -> tuple[Tensor, Tensor]:
    """(B, L) padded ids -> (B, L+1) ids ending in EOS and the mask that keeps that EOS."""
    seq = F.pad(ids, (0, 1), value=END)
    return seq, visible(seq)


def visible(seq: Tensor) -> Tensor:
    """Which positions of ids with their EOS are seen: the first, and those after a token."""
    return F.pad(seq[:, :-1] != END, (1, 0), value=True)


class Stack(nn.ModuleList):
    """Layers, one after another."""

    main_input_name = "input_ids"  # transformers asks what it calls `encoder`


def stack(layers: Iterable[Layer]) -> Iterable[Layer]:
    """Layers registered with their owner, seen by their own type."""
    return cast(Iterable[Layer], Stack(layers))


class CsanmtForConditionalGeneration(PreTrainedModel, GenerationMixin):  # type: ignore[misc]
    """`encode`, `semantics`, `decode` and `logits` are the network.

    The rest is transformers' interface. There, the encoder's states and the sentence's vector
    travel as one tensor (B, S, 2D), the vector repeated beside every state, because the exporters
    know of one tensor only.
    """

    config_class = CsanmtConfig
    main_input_name = "input_ids"

    def __init__(self, config: CsanmtConfig) -> None:
        super().__init__(config)
        c, d = config, config.hidden_size
        self.src_emb = nn.Embedding(c.src_vocab_size, d)
        self.trg_emb = self.src_emb if c.share_embedding else nn.Embedding(c.trg_vocab_size, d)
        self.sem_emb = None if c.share_semantic_embedding else nn.Embedding(c.src_vocab_size, d)
        self.trg_sem_emb = self._target_semantic_embedding()
        self.src_bias = nn.Parameter(torch.zeros(d))
        self.encoder = stack(
            EncoderLayer(c, c.relative_positions) for _ in range(c.num_encoder_layers)
        )
        self.encoder_norm = nn.Identity() if c.post_norm else norm(d)
        self.semantic = stack(
            EncoderLayer(c, relative=True) for _ in range(c.num_semantic_encoder_layers)
        )
        self.semantic_pool = nn.Linear(d, d)
        self.semantic_norm = nn.Identity() if c.post_norm else norm(d)
        self.decoder = stack(DecoderLayer(c, index) for index in range(c.num_decoder_layers))
        self.decoder_norm = nn.Identity() if c.post_norm else norm(d)
        self.softmax = None if c.share_softmax else nn.Linear(d, c.trg_vocab_size, bias=False)
        self.drop = nn.Dropout(c.dropout)
        # Names of weights that are another one's too.
        tied = ["trg_emb.weight", "trg_sem_emb.weight"] if c.share_embedding else []
        self._tied_weights_keys = tied  # type: ignore[assignment]  # declared as None there
        self.post_init()

    def _target_semantic_embedding(self) -> nn.Embedding | None:
        c = self.config
        if c.share_semantic_embedding or c.share_embedding:
            return self.sem_emb
        if not c.target_semantic_embedding:
            return None
        return nn.Embedding(c.trg_vocab_size, c.hidden_size)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.hidden_size**-0.5)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, Attention) and module.max_dis:
            nn.init.xavier_uniform_(module.rpr_k)
            nn.init.xavier_uniform_(module.rpr_v)

    def encode(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S) padded ids -> memory (B, S+1, D) and its mask (B, S+1)."""
        seq, keep = append_eos(ids)
        return self._memory(seq, keep), keep

    def semantics(self, ids: Tensor, target: bool = False) -> Tensor:
        """(B, L) padded ids of the source, or of the target -> (B, 1, D) sentence vector.

        Only training asks for the target's.
        """
        return self._sentence_vector(*append_eos(ids), target=target)

    def decode(self, prev: Tensor, memory: Tensor, keep: Tensor, semantic: Tensor) -> Tensor:
        """Teacher forcing: (B, T) target ids -> (B, T, D) states; position t sees ids before t."""
        return self._states(F.pad(prev, (1, 0))[:, :-1], memory, keep, semantic)

    def logits(self, states: Tensor) -> Tensor:
        """(…, D) states -> (…, V)."""
        return F.linear(states, (self.softmax or self.trg_emb).weight)

    def _timed(self, x: Tensor, places: Tensor) -> Tensor:
        if self.config.relative_positions:
            return x
        return x + timing_signal(places, x.size(2)).to(x.dtype)

    def _memory(self, seq: Tensor, keep: Tensor) -> Tensor:
        places = torch.arange(seq.size(1), device=seq.device)
        x = self._timed(self.src_emb(seq) * self.config.hidden_size**0.5, places)
        x = self.drop(x * keep[..., None] + self.src_bias)
        for layer in self.encoder:
            x = layer(x, keep)
        return self.encoder_norm(x)

    def _sentence_vector(self, seq: Tensor, keep: Tensor, target: bool = False) -> Tensor:
        own, shared = (self.trg_sem_emb, self.trg_emb) if target else (self.sem_emb, self.src_emb)
        if own is None and not self.config.share_semantic_embedding:
            raise ValueError(
                "this model came without a semantic embedding of the target, "
                "which only training needs"
            )
        x = self.drop((own or shared)(seq) * self.config.hidden_size**0.5 * keep[..., None])
        for layer in self.semantic:
            x = layer(x, keep)
        pooled = x.sum(1) / keep.sum(1, keepdim=True)
        return self.semantic_norm(self.semantic_pool(pooled.to(x.dtype)))[:, None]

    def _states(
        self,
        inputs: Tensor,
        memory: Tensor,
        keep: Tensor,
        semantic: Tensor,
        cache: EncoderDecoderCache | None = None,
    ) -> Tensor:
        """(B, T) inputs, where the one at position 0 stands for the zero vector -> (B, T, D)."""
        places = torch.arange(inputs.size(1), device=inputs.device)
        if cache is not None:
            places = places + cache.get_seq_length()
        x = self.trg_emb(inputs) * self.config.hidden_size**0.5 * (places > 0)[:, None]
        x = self.drop(self._timed(x, places))
        for layer in self.decoder:
            x = layer(x, places, semantic, memory, keep, cache)
        return self.decoder_norm(x)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        encoder_outputs: Any = None,
        past_key_values: EncoderDecoderCache | None = None,
        use_cache: bool | None = None,
        **_: Any,  # what `generate` passes to every model
    ) -> Seq2SeqLMOutput:
        """`input_ids` (B, S) end in the end symbol.

        `decoder_input_ids` (B, T) begin with any one symbol.
        """
        if encoder_outputs is None:
            encoder_outputs = self.get_encoder()(input_ids, attention_mask)
        if decoder_input_ids is None:
            raise ValueError("give decoder_input_ids: CSANMT makes none of labels")
        packed = encoder_outputs[0]
        memory, vectors = packed.chunk(2, dim=-1)
        if attention_mask is not None:
            seen = attention_mask.bool()
        elif input_ids is not None:
            seen = visible(input_ids)
        else:
            seen = packed.new_ones(packed.shape[:2], dtype=torch.bool)
        if past_key_values is None and (self.config.use_cache if use_cache is None else use_cache):
            past_key_values = EncoderDecoderCache(DynamicCache(), DynamicCache())
        states = self._states(decoder_input_ids, memory, seen, vectors[:, :1], past_key_values)
        logits = cast(torch.FloatTensor, self.logits(states))
        return Seq2SeqLMOutput(
            logits=logits, past_key_values=past_key_values, encoder_last_hidden_state=packed
        )

    def get_encoder(self) -> PackedEncoder:
        """Both encoders."""
        return PackedEncoder(self)

    def get_input_embeddings(self) -> nn.Module:
        """The source's."""
        return self.src_emb


class PackedEncoder(nn.Module):
    """Both encoders as transformers asks for them: their outputs are one tensor."""

    main_input_name = "input_ids"

    def __init__(self, model: CsanmtForConditionalGeneration) -> None:
        super().__init__()
        self.model, self.config = model, model.config

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any
    ) -> BaseModelOutput:
        """(B, S) ids with their end symbol -> (B, S, 2D), see `CsanmtForConditionalGeneration`."""
        seen = visible(input_ids) if attention_mask is None else attention_mask.bool()
        memory = self.model._memory(input_ids, seen)
        vector = self.model._sentence_vector(input_ids, seen)
        packed = torch.cat([memory, vector.expand_as(memory)], dim=-1)
        return BaseModelOutput(last_hidden_state=cast(torch.FloatTensor, packed))
