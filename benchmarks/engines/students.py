"""Students as Firefox has them, with random weights: files that Bergamot and our import read.

Biases bar the end symbol, so that every sentence runs to the limit in every engine.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.engines.invented import BYTES, sentencepiece_model
from benchmarks.engines.marian_files import binary, shortlist
from quantize.network import Array

SYMBOLS = ("</s>", "<unk>", *BYTES)
BARRED = -1e4  # the bias of symbols and bytes: translations are of words alone
MODEL, VOCABULARY, SHORTLIST = "model.zhen.intgemm.alphas.bin", "vocab.zhen.spm", "lex.zhen.s2t.bin"
YAML = """\
dec-cell: ssru
dec-cell-base-depth: 2
dec-cell-high-depth: 1
dec-depth: {decoder_layers}
dim-emb: {hidden}
dim-vocabs:
  - {vocabulary}
  - {vocabulary}
enc-depth: {encoder_layers}
input-types:
  []
layer-normalization: false
lemma-dim-emb: 0
output-omit-bias: false
right-left: false
skip: false
tied-embeddings: false
tied-embeddings-all: true
tied-embeddings-src: false
transformer-decoder-autoreg: rnn
transformer-decoder-dim-ffn: 0
transformer-decoder-ffn-depth: 0
transformer-dim-ffn: {inner}
transformer-ffn-activation: relu
transformer-ffn-depth: 2
transformer-guided-alignment-layer: last
transformer-heads: {heads}
transformer-no-projection: false
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-postprocess-top: ""
transformer-preprocess: ""
transformer-rnn-projection: false
transformer-tied-layers:
  []
transformer-train-positions: false
type: transformer
ulr: false
version: v1.12.14 2d067af 2024-02-16 11:44:13 -0500
"""


@dataclass(frozen=True)
class StudentSizes:
    """Of a student; its vocabulary is shared."""

    vocabulary: int
    hidden: int
    inner: int  # of feed-forward layers
    heads: int
    encoder_layers: int
    decoder_layers: int


STUDENTS = {  # Mozilla's names of shapes
    "firefox-base": StudentSizes(64000, 512, 2048, 8, 6, 2),
    "firefox-base-memory": StudentSizes(64000, 384, 1536, 8, 6, 4),
    "firefox-toy": StudentSizes(1000, 64, 128, 4, 2, 2),
}


def student(sizes: StudentSizes, folder: Path) -> Path:
    """The folder of a student's files, made if it is not there."""
    if (folder / MODEL).is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / VOCABULARY).write_bytes(sentencepiece_model(sizes.vocabulary, SYMBOLS))
    (folder / SHORTLIST).write_bytes(shortlist(sizes.vocabulary))
    options = YAML.format(**vars(sizes))
    (folder / MODEL).write_bytes(binary(_Weights(sizes).tensors, options))
    return folder


class _Weights:
    """Random parameters by Marian's names."""

    def __init__(self, sizes: StudentSizes) -> None:
        self._random, self._width = np.random.default_rng(0), sizes.hidden
        self.tensors: dict[str, Array] = {}
        self._matrix("Wemb", sizes.vocabulary, sizes.hidden, bound=math.sqrt(3 / sizes.hidden))
        self._row("decoder_ff_logit_out_b", sizes.vocabulary)
        self.tensors["decoder_ff_logit_out_b"][0, : len(SYMBOLS)] = BARRED
        for i in range(1, sizes.encoder_layers + 1):
            self._attention(f"encoder_l{i}_self")
            self._feed_forward(f"encoder_l{i}_ffn", sizes.inner)
        for i in range(1, sizes.decoder_layers + 1):
            self._matrix(f"decoder_l{i}_rnn_W", sizes.hidden, sizes.hidden)
            self._matrix(f"decoder_l{i}_rnn_Wf", sizes.hidden, sizes.hidden)
            self._row(f"decoder_l{i}_rnn_bf", sizes.hidden)
            self._norm(f"decoder_l{i}_rnn_ffn")
            self._attention(f"decoder_l{i}_context")
            self._feed_forward(f"decoder_l{i}_ffn", sizes.inner)

    def _matrix(self, name: str, rows: int, columns: int, bound: float | None = None) -> None:
        bound = bound or math.sqrt(6 / (rows + columns))
        values = self._random.random((rows, columns), dtype=np.float32)
        self.tensors[name] = (values * 2 - 1) * np.float32(bound)

    def _row(self, name: str, width: int) -> None:
        self.tensors[name] = self._random.standard_normal((1, width), dtype=np.float32) / 5

    def _linear(self, part: str, kind: str, rows: int, columns: int) -> None:
        self._matrix(f"{part}_W{kind}", rows, columns)
        self._row(f"{part}_b{kind}", columns)

    def _norm(self, part: str) -> None:
        for kind, center in (("scale", 1), ("bias", 0)):
            self._row(f"{part}_ln_{kind}", self._width)
            self.tensors[f"{part}_ln_{kind}"] += center

    def _attention(self, part: str) -> None:
        for kind in "qkvo":
            self._linear(part, kind, self._width, self._width)
        self._norm(f"{part}_Wo")

    def _feed_forward(self, part: str, inner: int) -> None:
        self._linear(part, "1", self._width, inner)
        self._linear(part, "2", inner, self._width)
        self._norm(f"{part}_ffn")
