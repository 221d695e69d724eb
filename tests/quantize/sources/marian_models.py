"""Random Marian models of every option set that we read, and the files that hold them.

Weights come from NumPy's frozen generator, so that nothing but what the engines answered must be
kept. It needs NumPy alone: the engines' environments import it too.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Tensors = dict[str, Any]
FLOAT32, INTGEMM8, INTGEMM16, INT8 = 0x0404, 0x4101, 0x4102, 0x0101
OPTIONS = "special:model.yml"
BASE: dict[str, Any] = {
    "bert-train-type-embeddings": True,
    "bert-type-vocab-size": 2,
    "dec-cell": "ssru",
    "dec-cell-base-depth": 2,
    "dec-cell-high-depth": 1,
    "dec-depth": 2,
    "dim-emb": 32,
    "dim-rnn": 1024,
    "enc-cell": "gru",
    "enc-cell-depth": 1,
    "enc-depth": 2,
    "enc-type": "bidirectional",
    "factors-combine": "sum",
    "factors-dim-emb": 0,
    "input-types": [],
    "layer-normalization": False,
    "lemma-dependency": "",
    "lemma-dim-emb": 0,
    "output-omit-bias": False,
    "right-left": False,
    "skip": False,
    "tied-embeddings": False,
    "tied-embeddings-all": True,
    "tied-embeddings-src": False,
    "transformer-aan-activation": "swish",
    "transformer-aan-depth": 2,
    "transformer-aan-nogate": False,
    "transformer-decoder-autoreg": "rnn",
    "transformer-decoder-dim-ffn": 0,
    "transformer-decoder-ffn-depth": 0,
    "transformer-depth-scaling": True,
    "transformer-dim-aan": 2048,
    "transformer-dim-ffn": 48,
    "transformer-ffn-activation": "relu",
    "transformer-ffn-depth": 2,
    "transformer-guided-alignment-layer": "last",
    "transformer-heads": 4,
    "transformer-no-affine": False,
    "transformer-no-bias": False,
    "transformer-no-projection": False,
    "transformer-pool": False,
    "transformer-postprocess": "dan",
    "transformer-postprocess-emb": "d",
    "transformer-postprocess-top": "",
    "transformer-preprocess": "",
    "transformer-rnn-projection": False,
    "transformer-tied-layers": [],
    "transformer-train-position-embeddings": False,
    "transformer-train-positions": False,
    "type": "transformer",
    "ulr": False,
    "ulr-dim-emb": 0,
    "ulr-trainable-transformation": False,
    "version": "v1.12.14 2d067af 2024-02-16 11:44:13 -0500",
}
SEPARATE = {"tied-embeddings-all": False}


@dataclass(frozen=True)
class Case:
    """An option set."""

    options: Mapping[str, Any] = field(default_factory=dict)  # beside those of `BASE`
    suffix: str = ".npz"
    quantised: int | None = None  # type of the matrices of a `.bin`; None: float32
    seed: int = 7
    end: float = 1.0  # what is added to the end symbol's bias: how soon sentences end

    @property
    def separate(self) -> bool:
        """Whether each language has a vocabulary of its own."""
        return not (self.all["tied-embeddings-all"] or self.all["tied-embeddings-src"])

    @property
    def all(self) -> dict[str, Any]:
        """All options but the vocabularies' sizes."""
        return BASE | dict(self.options)


PRE_NORM = {"transformer-preprocess": "n", "transformer-postprocess": "da"}
SELF_ATTENTION = {
    "transformer-decoder-autoreg": "self-attention",
    "transformer-ffn-activation": "swish",
}
TIED_LAYERS = {
    "dec-depth": 4,
    "transformer-tied-layers": [1, 1, 2, 2],
    "transformer-decoder-dim-ffn": 24,
}
WIDE = {"dim-emb": 64, "transformer-dim-ffn": 128}  # whole vectors, which intgemm asks for
# Seeds and ends that make sentences of many lengths.
CASES = {
    "student": Case(seed=2, end=3),
    "student_bin": Case(suffix=".bin", seed=2, end=3),
    "student_int8": Case(WIDE, suffix=".bin", quantised=INTGEMM8, seed=8, end=2.5),
    "student_int16": Case(suffix=".bin", quantised=INTGEMM16, seed=2, end=3),
    "self_attention": Case(SELF_ATTENTION, seed=13, end=4.5),
    "separate": Case(SEPARATE | {"tied-embeddings": True}, seed=5, end=2),
    "untied": Case(SEPARATE, seed=1, end=1.5),
    "untied_int8": Case(SEPARATE | WIDE, suffix=".bin", quantised=INTGEMM8, seed=5, end=3),
    "tied_inputs": Case(SEPARATE | {"tied-embeddings-src": True}, seed=5, end=2),
    "no_output_bias": Case({"output-omit-bias": True}, seed=7),
    "pre_norm": Case(PRE_NORM | {"transformer-postprocess-top": "n"}, seed=5, end=1.5),
    "tied_layers": Case(TIED_LAYERS, seed=4, end=2.5),
    "normalised_embeddings": Case({"transformer-postprocess-emb": "nd"}, seed=4, end=2),
    "heads_of_four": Case({"transformer-heads": 8, "enc-depth": 3, "dec-depth": 1}, seed=5, end=3),
}


def options_yaml(case: Case, sizes: tuple[int, int]) -> str:
    """What a model says of itself."""
    written = {True: "true", False: "false", "": '""'}
    lines = []
    for name, value in sorted((case.all | {"dim-vocabs": list(sizes)}).items()):
        if isinstance(value, list):
            entries = [f"  - {entry}" for entry in value] or ["  []"]
            lines += [f"{name}:", *entries]
        else:
            shown = written[value] if isinstance(value, bool) or value == "" else value
            lines.append(f"{name}: {shown}")
    return "\n".join(lines) + "\n"


class _Maker:
    """Random tensors by Marian's names."""

    def __init__(self, case: Case) -> None:
        self.case, self.options = case, case.all
        self.random = np.random.RandomState(case.seed)
        self.width = self.options["dim-emb"]
        self.tensors: Tensors = {}

    def uniform(self, low: float, high: float, *shape: int) -> Any:
        return low + (high - low) * self.random.random_sample(shape)

    def matrix(self, name: str, rows: int, columns: int) -> None:
        bound = 1.5 * math.sqrt(6 / (rows + columns))
        self.tensors[name] = self.uniform(-bound, bound, rows, columns)

    def linear(self, part: str, kind: str, rows: int, columns: int) -> None:
        self.matrix(f"{part}_W{kind}", rows, columns)
        self.tensors[f"{part}_b{kind}"] = self.uniform(-0.3, 0.3, 1, columns)

    def norm(self, part: str, suffix: str = "") -> None:
        self.tensors[f"{part}_ln_scale{suffix}"] = self.uniform(0.6, 1.4, 1, self.width)
        self.tensors[f"{part}_ln_bias{suffix}"] = self.uniform(-0.3, 0.3, 1, self.width)

    def norms(self, part: str, before: str | None = None) -> None:
        if "n" in self.options["transformer-preprocess"]:
            self.norm(before or part, "_pre")
        if "n" in self.options["transformer-postprocess"]:
            self.norm(part)

    def attention(self, part: str) -> None:
        for kind in "qkvo":
            self.linear(part, kind, self.width, self.width)
        self.norms(f"{part}_Wo")

    def feed_forward(self, part: str, inner: int) -> None:
        self.linear(part, "1", self.width, inner)
        self.linear(part, "2", inner, self.width)
        self.norms(f"{part}_ffn")

    def ssru(self, part: str) -> None:
        self.matrix(f"{part}_W", self.width, self.width)
        self.matrix(f"{part}_Wf", self.width, self.width)
        self.tensors[f"{part}_bf"] = self.uniform(-0.3, 0.3, 1, self.width)
        self.norms(f"{part}_ffn", part)

    def embedding(self, name: str, rows: int) -> None:
        bound = math.sqrt(3 / self.width)
        self.tensors[name] = self.uniform(-bound, bound, rows, self.width)
        self.tensors[name][0] *= 2.5  # the end symbol's, so that sentences end now and then

    def layers(self) -> None:
        options, inner = self.options, self.options["transformer-dim-ffn"]
        for i in range(1, options["enc-depth"] + 1):
            self.attention(f"encoder_l{i}_self")
            self.feed_forward(f"encoder_l{i}_ffn", inner)
        for i in range(1, max(options["transformer-tied-layers"] or [options["dec-depth"]]) + 1):
            if options["transformer-decoder-autoreg"] == "rnn":
                self.ssru(f"decoder_l{i}_rnn")
            else:
                self.attention(f"decoder_l{i}_self")
            self.attention(f"decoder_l{i}_context")
            self.feed_forward(f"decoder_l{i}_ffn", options["transformer-decoder-dim-ffn"] or inner)

    def ends(self, source: int, target: int) -> None:
        options = self.options
        if not self.case.separate:
            self.embedding("Wemb", source)
        else:
            self.embedding("encoder_Wemb", source)
            self.embedding("decoder_Wemb", target)
        if not (options["tied-embeddings"] or options["tied-embeddings-all"]):
            if self.case.quantised:  # the older name, whose items are quantised too
                self.matrix("decoder_ff_logit_out_W", self.width, target)
            else:
                self.embedding("decoder_ff_logit_out_Wt", target)
        if not options["output-omit-bias"]:
            bias = self.uniform(-0.5, 0.5, 1, target)
            bias[0, 0] += self.case.end
            self.tensors["decoder_ff_logit_out_b"] = bias
        for side in ("encoder", "decoder"):
            if "n" in options["transformer-postprocess-top"]:
                self.norm(f"{side}_top")
            if "n" in options["transformer-postprocess-emb"]:
                self.norm(f"{side}_emb", "_pre")


def tensors(case: Case, sizes: tuple[int, int]) -> Tensors:
    """A model's parameters in float32."""
    maker = _Maker(case)
    maker.ends(*sizes)
    maker.layers()
    return {name: value.astype(np.float32) for name, value in maker.tensors.items()}


def write_model(path: Path, case: Case, sizes: tuple[int, int]) -> None:
    """A case's model, in the format of `path`'s name."""
    text = options_yaml(case, sizes)
    if path.suffix == ".npz":
        write_npz(path, tensors(case, sizes), text)
    else:
        path.write_bytes(binary(tensors(case, sizes), text, case.quantised))


def write_npz(path: Path, values: Tensors, text: str) -> None:
    """The format of NumPy; `text` are the options."""
    raw = np.frombuffer(text.encode() + b"\0", np.int8)
    np.savez(path, **values, **{OPTIONS: raw})


def binary(values: Tensors, text: str, quantised: int | None = None, *, version: int = 1) -> bytes:
    """Marian's own format; matrices are of the type `quantised`."""
    items = []
    for name, value in sorted(values.items()):
        if quantised and is_matrix(name):
            items.append((name, quantised, value.shape, quantise(name, value, quantised)[0]))
        else:
            items.append((name, FLOAT32, value.shape, value.astype("<f4").tobytes()))
    raw = text.encode() + b"\0"
    items.append((OPTIONS, INT8, (len(raw),), raw))
    return pack(items, version)


def pack(items: list[tuple[str, int, tuple[int, ...], bytes]], version: int = 1) -> bytes:
    """Items of name, type, shape and bytes, in the layout of a file."""
    padded = [raw + b"\0" * (-len(raw) % 256) for *_, raw in items]
    out = io.BytesIO()
    out.write(struct.pack("<QQ", version, len(items)))
    for (name, kind, shape, _), raw in zip(items, padded):  # noqa: B905  # Python 3.9 reads it too
        out.write(struct.pack("<QQQQ", len(name) + 1, kind, len(shape), len(raw)))
    for name, *_ in items:
        out.write(name.encode() + b"\0")
    for _, _, shape, _ in items:
        out.write(struct.pack(f"<{len(shape)}i", *shape))
    position = out.tell() + 8
    offset = (position // 256 + 1) * 256 - position
    out.write(struct.pack("<Q", offset) + b"\0" * offset)
    out.write(b"".join(padded))
    return out.getvalue()


def is_matrix(name: str) -> bool:
    """Whether intgemm's conversion makes integers of an item."""
    return name.endswith("_W") or name[-3:-1] == "_W" or "Wemb" in name


def quantise(name: str, value: Any, kind: int) -> tuple[bytes, Any]:
    """An item's bytes, and the floats that they stand for."""
    largest, number = {INTGEMM8: (127, np.int8), INTGEMM16: (32767, np.int16)}[kind]
    multiplier = np.float32(127) / np.abs(value).max() if kind == INTGEMM8 else np.float32(1024)
    integers = np.clip(np.rint(value * multiplier), -largest, largest).astype(number)
    stored = integers if "Wemb" in name else np.ascontiguousarray(integers.T)
    floats = integers.astype(np.float32) * (np.float32(1) / multiplier)
    return stored.tobytes() + struct.pack("<f", multiplier), floats


def meant(case: Case, sizes: tuple[int, int]) -> Tensors:
    """The floats that a case's file stands for."""
    values = tensors(case, sizes)
    if case.quantised:
        return {
            name: quantise(name, value, case.quantised)[1] if is_matrix(name) else value
            for name, value in values.items()
        }
    return values


def opus_pieces(pieces: list[str]) -> list[str]:
    """The pieces of a sentencepiece model in the order of an OPUS vocabulary, another one."""
    symbols = ["</s>", "<unk>"]
    return symbols + [piece for piece in reversed(pieces) if piece not in symbols]


def vocabulary_yml(pieces: list[str]) -> str:
    """Pieces and their ids as Marian writes them."""
    lines = []
    for number, piece in enumerate(pieces):
        escaped = piece.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'"{escaped}": {number}\n')
    return "".join(lines)


def write_opus(folder: Path, pieces: list[str], sentencepiece: bytes) -> None:
    """A model in the layout of OPUS-MT."""
    name, ids = (
        "opus.spm32k-spm32k.transformer-align.model1.npz.best-perplexity.npz",
        "opus.vocab.yml",
    )
    write_model(folder / name, CASES["self_attention"], (len(pieces), len(pieces)))
    (folder / ids).write_text(vocabulary_yml(opus_pieces(pieces)), encoding="utf-8")
    for side in ("source.spm", "target.spm"):
        (folder / side).write_bytes(sentencepiece)
    lines = ["relative-paths: true", "models:", f"  - {name}", "vocabs:", *2 * [f"  - {ids}"]]
    lines += ["beam-size: 6", "normalize: 1", "word-penalty: 0", "mini-batch: 1", "maxi-batch: 1"]
    (folder / "decoder.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
