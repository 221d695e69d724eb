"""Sizes and options of a CSANMT."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig

END = 0


class CsanmtConfig(PretrainedConfig):
    """The defaults are those of our own models.

    `post_norm`: layers normalise after their residual sums; else before, with a last normalisation.
    `relative_positions`: Shaw's, in encoder and decoder; else a timing signal at their inputs.
    `share_embedding`: one matrix for both languages. `share_softmax`: the target embedding gives
    the logits. `share_semantic_embedding`: the semantic encoder reads the embeddings of the other
    two; else its own, of which training needs one for the target too (`target_semantic_embedding`).
    """

    model_type = "csanmt"
    attribute_map = {  # noqa: RUF012  # transformers' way
        "vocab_size": "trg_vocab_size",
        "num_attention_heads": "num_heads",
        "num_hidden_layers": "num_decoder_layers",
    }

    def __init__(
        self,
        src_vocab_size: int = 24000,
        trg_vocab_size: int = 16000,
        hidden_size: int = 384,
        filter_size: int = 1536,
        num_heads: int = 6,
        num_encoder_layers: int = 8,
        num_decoder_layers: int = 3,
        num_semantic_encoder_layers: int = 2,
        max_relative_dis: int = 16,
        post_norm: bool = False,
        relative_positions: bool = False,
        share_embedding: bool = False,
        share_softmax: bool = True,
        share_semantic_embedding: bool = True,
        target_semantic_embedding: bool = True,
        dropout: float = 0.1,
        use_cache: bool = True,
        **others: Any,
    ) -> None:
        self.src_vocab_size = src_vocab_size
        self.trg_vocab_size = trg_vocab_size
        self.hidden_size = hidden_size
        self.filter_size = filter_size
        self.num_heads = num_heads
        self.num_encoder_layers = num_encoder_layers
        self.num_decoder_layers = num_decoder_layers
        self.num_semantic_encoder_layers = num_semantic_encoder_layers
        self.max_relative_dis = max_relative_dis
        self.post_norm = post_norm
        self.relative_positions = relative_positions
        self.share_embedding = share_embedding
        self.share_softmax = share_softmax
        self.share_semantic_embedding = share_semantic_embedding
        self.target_semantic_embedding = target_semantic_embedding
        self.dropout = dropout
        self.use_cache = use_cache
        symbols = {"pad_token_id": END, "eos_token_id": END, "decoder_start_token_id": END}
        # Which matrices are one is said above, not by transformers' own switch.
        super().__init__(
            **(symbols | {"is_encoder_decoder": True, "tie_word_embeddings": False} | others)
        )
