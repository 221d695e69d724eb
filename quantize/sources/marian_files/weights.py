"""A Marian model's parameters by the names of `Network`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import UserError
from quantize.network import Array, LazyWeights
from quantize.sources.marian_files.options import Options
from quantize.sources.marian_files.tensors import MarianFile, Tensor, damaged

ACTIVATION_SCALES = "_QuantMult"  # what intgemm's conversion adds: our recipes calibrate their own
OUTPUT = "decoder_ff_logit_out"
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Weights:
    """Read at each access, all of them."""

    floats: LazyWeights
    scales: LazyWeights  # of what was stored as integers within ±127: one number an output channel


def read_weights(file: MarianFile, options: Options) -> Weights:
    """The weights of a model.

    Raises UserError for one that is missing or of another shape than the options say, and for any
    that no option explains: the network would be another than we build.
    """
    reader = _Reader(file, options)
    reader.embeddings()
    for i in range(options.encoder_layers):
        layer, name = f"encoder_l{i + 1}", f"encoder.{i}"
        reader.attention(f"{name}.attn", f"{name}.attn_norm", f"{layer}_self")
        reader.feed_forward(name, layer, options.inner)
    for i in range(options.decoder_layers):
        number = options.tied_layers[i] if options.tied_layers else i + 1
        layer, name = f"decoder_l{number}", f"decoder.{i}"
        if options.decoder == "ssru":
            reader.ssru(name, layer)
        else:
            reader.attention(f"{name}.self_attn", f"{name}.self_norm", f"{layer}_self")
        reader.attention(f"{name}.cross_attn", f"{name}.cross_norm", f"{layer}_context")
        reader.feed_forward(name, layer, options.decoder_inner or options.inner)
    if not options.post_norm:
        for side in ("encoder", "decoder"):
            reader.norm(f"{side}_norm", f"{side}_top_ln_{{}}")
    reader.check_all_used()
    return Weights(LazyWeights(reader.floats), LazyWeights(reader.scales))


class _Reader:
    """Gathers readers, and checks shapes on the way."""

    def __init__(self, file: MarianFile, options: Options) -> None:
        self._file, self._options = file, options
        self._width = options.embedding
        self._used: set[str] = set()
        self.floats: dict[str, Callable[[], Array]] = {}
        self.scales: dict[str, Callable[[], Array]] = {}

    def embeddings(self) -> None:
        """What both ends of the network have."""
        options, width = self._options, self._width
        source, target = options.vocabularies
        both = options.shared_embedding
        tables = {
            "src_emb": ("Wemb" if both else "encoder_Wemb", source),
            "trg_emb": ("Wemb" if both else "decoder_Wemb", target),
        }
        for name, (part, rows) in tables.items():
            self._add(f"{name}.weight", [part], (rows, width))
            if options.embedding_norm:
                side = {"src_emb": "encoder", "trg_emb": "decoder"}[name]
                self.norm(f"{side}_emb_norm", f"{side}_emb_ln_{{}}_pre")
        if not (options.tied_all or options.tied_output):
            if f"{OUTPUT}_Wt" in self._file.tensors:
                self._add("softmax.weight", [f"{OUTPUT}_Wt"], (target, width))
            else:
                self._add("softmax.weight", [f"{OUTPUT}_W"], (width, target), turned=True)
        if not options.no_output_bias:
            self._add_row("logits_bias", [f"{OUTPUT}_b"], target)

    def attention(self, name: str, norm: str, part: str) -> None:
        """A block of attention."""
        for ours, theirs in (("q", "q"), ("kv", "kv"), ("out", "o")):
            self._linear(f"{name}.{ours}", part, theirs, (self._width, self._width))
        self.block_norm(norm, f"{part}_Wo")

    def feed_forward(self, name: str, layer: str, inner: int) -> None:
        """A block of two layers."""
        self._linear(f"{name}.ffn.inner", f"{layer}_ffn", "1", (self._width, inner))
        self._linear(f"{name}.ffn.outer", f"{layer}_ffn", "2", (inner, self._width))
        self.block_norm(f"{name}.ffn_norm", f"{layer}_ffn_ffn")

    def ssru(self, name: str, layer: str) -> None:
        """A simplified simple recurrent unit, whose input has no bias."""
        square = (self._width, self._width)
        self._add(f"{name}.ssru.input.weight", [f"{layer}_rnn_W"], square, turned=True)
        self._add(f"{name}.ssru.forget.weight", [f"{layer}_rnn_Wf"], square, turned=True)
        self._add_row(f"{name}.ssru.forget.bias", [f"{layer}_rnn_bf"], self._width)
        part = f"{layer}_rnn_ffn" if self._options.post_norm else f"{layer}_rnn"
        self.block_norm(f"{name}.self_norm", part)

    def block_norm(self, name: str, part: str) -> None:
        """The normalisation of a block, before or behind it."""
        self.norm(name, f"{part}_ln_{{}}" + ("" if self._options.post_norm else "_pre"))

    def norm(self, name: str, pattern: str) -> None:
        """A normalisation whose parts are called like `pattern`."""
        for ours, theirs in (("weight", "scale"), ("bias", "bias")):
            self._add_row(f"{name}.{ours}", [pattern.format(theirs)], self._width)

    def check_all_used(self) -> None:
        """Nothing is left over."""
        for name in self._file.tensors:
            if name not in self._used and ACTIVATION_SCALES not in name:
                raise UserError(
                    f"{self._file.path}: {name} belongs to no network that is supported: "
                    "name another model"
                )

    def _linear(self, name: str, part: str, kinds: str, shape: Shape) -> None:
        """Layers side by side, one for each letter of `kinds`; `shape` is [in, out]."""
        weights, biases = ([f"{part}_{sort}{kind}" for kind in kinds] for sort in "Wb")
        self._add(f"{name}.weight", weights, shape, turned=True)
        self._add_row(f"{name}.bias", biases, shape[1])

    def _add(self, name: str, parts: Sequence[str], shape: Shape, turned: bool = False) -> None:
        """`name` is the matrices `parts`, one below the other; they are `turned` before."""
        tensors = [self._tensor(part, shape) for part in parts]

        def read() -> Array:
            values = [tensor.floats() for tensor in tensors]
            values = [value.T if turned else value for value in values]
            return values[0] if len(values) == 1 else np.concatenate(values)

        self.floats[name] = read
        if all(tensor.bits == 8 for tensor in tensors):
            counts = [tensor.shape[1 if turned else 0] for tensor in tensors]
            scales = [tensor.scale for tensor in tensors]
            self.scales[name] = lambda: np.repeat(np.array(scales, np.float32), counts)

    def _add_row(self, name: str, parts: Sequence[str], size: int) -> None:
        """`name` is the vectors `parts`, one after the other."""
        tensors = [self._tensor(part, (1, size)) for part in parts]
        self.floats[name] = lambda: np.concatenate([tensor.floats()[0] for tensor in tensors])

    def _tensor(self, name: str, shape: Shape) -> Tensor:
        if name not in self._file.tensors:
            raise damaged(self._file.path, f"it has no {name}")
        tensor = self._file.tensors[name]
        if tensor.shape != shape:
            found, expected = list(tensor.shape), list(shape)
            raise damaged(self._file.path, f"{name} has the shape {found}, not {expected}")
        self._used.add(name)
        return tensor
