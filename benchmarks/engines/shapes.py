"""CTranslate2 models of published shapes, with random weights, as its own converters write them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.invented import pieces, sentencepiece_model
from quantize.network import Array
from quantize.sources.ctranslate2.open import MODEL

BARRED = -1e4  # the end symbol's bias: every sentence runs to the limit


@dataclass(frozen=True)
class Shape:
    """Of a model in CTranslate2's format."""

    vocabulary: int  # of each language
    hidden: int
    inner: int  # of feed-forward layers
    heads: int
    layers: tuple[int, int]  # of the encoder, and of the decoder
    stored: str  # the weights' type
    symbols: tuple[str, ...]
    texts: tuple[str, ...]  # names of the sentencepiece models
    positions: int = 512  # that the file stores
    shared: bool = True  # both languages have the same vocabulary
    options: Mapping[str, Any] = field(default_factory=dict)  # of its specification
    config: Mapping[str, Any] = field(default_factory=dict)  # in config.json
    zero_start: bool = False  # a sentence begins with no symbol


def _opus(vocabulary: int, hidden: int, inner: int, heads: int, layers: int) -> Shape:
    """A package of Argos Translate for Chinese and English: OPUS-MT, converted."""
    return Shape(
        vocabulary,
        hidden,
        inner,
        heads,
        (layers, layers),
        "int8",
        ("</s>", "<unk>"),
        ("sentencepiece.model",),
        positions=2048,
        options={"pre_norm": False, "activation": "SWISH"},
        config={"add_source_eos": True, "decoder_start_token": "</s>"},
        zero_start=True,
    )


def _quickmt(
    vocabulary: int, hidden: int, inner: int, heads: int, layers: tuple[int, int]
) -> Shape:
    """What quickmt exports: separate vocabularies, normalisation first, without biases."""
    return Shape(
        vocabulary,
        hidden,
        inner,
        heads,
        layers,
        "float16",
        ("<unk>", "<s>", "</s>"),
        ("src.spm.model", "tgt.spm.model"),
        shared=False,
        options={"activation": "GELU", "rms_norm": True},
        config={"layer_norm_epsilon": 1e-6},
    )


SHAPES = {
    "argos": _opus(65000, 512, 2048, 8, 6),
    # Its exact shape is not published: 200 million parameters, 32,000 tokens a language.
    "quickmt": _quickmt(32000, 1024, 4096, 16, (8, 2)),
    "argos-toy": _opus(1000, 64, 128, 4, 2),
    "quickmt-toy": _quickmt(1000, 64, 128, 4, (2, 1)),
}


def shaped(shape: Shape, folder: Path) -> Path:
    """The folder of a model of this shape, made if it is not there."""
    if (folder / MODEL).is_file():
        return folder
    from ctranslate2.specs import common_spec, transformer_spec

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = dict(shape.options)
    options["activation"] = common_spec.Activation[options["activation"]]
    spec = transformer_spec.TransformerSpec.from_config(shape.layers, shape.heads, **options)
    _Weights(shape).fill(spec)
    for name, value in shape.config.items():
        setattr(spec.config, name, value)
    tokens = pieces(shape.vocabulary, shape.symbols)
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens if shape.shared else [*tokens[:-1], "▁other"])
    spec.validate()
    spec.optimize(shape.stored)
    for name in shape.texts:
        (folder / name).write_bytes(sentencepiece_model(shape.vocabulary, shape.symbols))
    spec.save(str(folder))
    return folder


class _Weights:
    """Random weights of a specification."""

    def __init__(self, shape: Shape) -> None:
        self._shape, self._random = shape, np.random.default_rng(0)
        self._biases = not shape.options.get("rms_norm", False)

    def fill(self, spec: Any) -> None:
        """Set all weights."""
        shape, width = self._shape, self._shape.hidden
        tables = [self._normal(shape.vocabulary, width) for _ in range(2 - shape.shared)]
        spec.encoder.embeddings[0].weight, spec.decoder.embeddings.weight = tables[0], tables[-1]
        spec.decoder.projection.weight = tables[-1]
        spec.decoder.projection.bias = self._normal(shape.vocabulary, 1)[:, 0] / 5
        spec.decoder.projection.bias[shape.symbols.index("</s>")] = BARRED
        spec.decoder.start_from_zero_embedding = shape.zero_start
        positions = self._normal(shape.positions, width)
        for side in (spec.encoder, spec.decoder):
            side.position_encodings.encodings = positions
            if hasattr(side, "layer_norm"):
                self._norm(side.layer_norm)
            for layer in side.layer:
                self._layer(layer)

    def _layer(self, layer: Any) -> None:
        width, inner = self._shape.hidden, self._shape.inner
        self._linear(layer.self_attention.linear[0], 3 * width, width)
        self._linear(layer.self_attention.linear[1], width, width)
        blocks = [layer.self_attention, layer.ffn]
        if hasattr(layer, "attention"):
            blocks.append(layer.attention)
            for part, outputs in zip(layer.attention.linear, (1, 2, 1), strict=True):
                self._linear(part, outputs * width, width)
        self._linear(layer.ffn.linear_0, inner, width)
        self._linear(layer.ffn.linear_1, width, inner)
        for block in blocks:
            self._norm(block.layer_norm)

    def _normal(self, rows: int, columns: int) -> Array:
        values = self._random.standard_normal((rows, columns), dtype=np.float32)
        return values * np.float32(columns**-0.5)

    def _linear(self, layer: Any, outputs: int, inputs: int) -> None:
        layer.weight = self._normal(outputs, inputs)
        if self._biases:
            layer.bias = self._normal(outputs, 1)[:, 0] / 5

    def _norm(self, layer: Any) -> None:
        layer.gamma = 1 + self._normal(self._shape.hidden, 1)[:, 0] / 10
        if hasattr(layer, "beta"):
            layer.beta = self._normal(self._shape.hidden, 1)[:, 0] / 10
