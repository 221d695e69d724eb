"""The tensors of a `model.bin` by the names of `Network`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pipeline.errors import UserError
from quantize.network import Array, LazyWeights
from quantize.sources.ctranslate2.binary import ModelFile
from quantize.sources.ctranslate2.spec import ATTRIBUTES, SIDES, Options, Side, embedding

OWN_EMBEDDING = {"encoder": "src_emb", "decoder": "trg_emb"}
PROJECTION = "decoder/projection"
POSITIONS = "position_encodings/encodings"


class Weights:
    """Readers of all weights, whose shapes fit together; every tensor of the file is used."""

    def __init__(self, file: ModelFile, options: Options) -> None:
        """Raises UserError for a tensor that is missing, misshapen, no numbers, or not known."""
        self._file, self._options = file, options
        self._readers: dict[str, Callable[[], Array]] = {}
        self._scales: dict[str, Callable[[], Array]] = {}
        self._used: set[str] = set()
        for side in SIDES:
            self._add_side(side)
        self._add_output()
        self._check_all_used()
        for reader in self._readers.values():  # so that values that are no numbers show up now
            reader()
        self.weights, self.scales = LazyWeights(self._readers), LazyWeights(self._scales)

    def positions(self, side: Side) -> Array | None:
        """A side's table of positions [n, H], where the file has one."""
        name = f"{side}/{POSITIONS}"
        return self._file.floats(name) if name in self._file else None

    def _add_side(self, side: Side) -> None:
        hidden = self._options.hidden_size
        self._add_linear(f"{OWN_EMBEDDING[side]}", embedding(self._file, side), inputs=hidden)
        if f"{side}/{POSITIONS}" in self._file:
            self._expect(f"{side}/{POSITIONS}", None, hidden)
        if f"{side}/layernorm_embedding/gamma" in self._file:
            self._add_norm(f"{side}_emb_norm", f"{side}/layernorm_embedding")
        if f"{side}/layer_norm/gamma" in self._file:
            self._add_norm(f"{side}_norm", f"{side}/layer_norm")
        for number in range(self._options.layers[side]):
            self._add_layer(side, f"{side}.{number}", f"{side}/layer_{number}")

    def _add_layer(self, side: Side, ours: str, theirs: str) -> None:
        hidden = self._options.hidden_size
        block = "attn" if side == "encoder" else "self_attn"
        packed = f"{theirs}/self_attention/linear_0"
        self._add_linear(f"{ours}.{block}.q", packed, slice(0, hidden), hidden, 3 * hidden)
        self._add_linear(f"{ours}.{block}.kv", packed, slice(hidden, None), hidden, 3 * hidden)
        out = f"{theirs}/self_attention/linear_1"
        self._add_linear(f"{ours}.{block}.out", out, inputs=hidden, rows=hidden)
        norm = "attn_norm" if side == "encoder" else "self_norm"
        self._add_norm(f"{ours}.{norm}", f"{theirs}/self_attention/layer_norm")
        if side == "decoder":
            self._add_cross_attention(ours, f"{theirs}/attention")
        inner = self._rows(f"{theirs}/ffn/linear_0")
        self._add_linear(f"{ours}.ffn.inner", f"{theirs}/ffn/linear_0", inputs=hidden)
        if f"{theirs}/ffn/linear_0_noact/weight" in self._file:
            gate = f"{theirs}/ffn/linear_0_noact"
            self._add_linear(f"{ours}.ffn.gate", gate, inputs=hidden, rows=inner)
        self._add_linear(f"{ours}.ffn.outer", f"{theirs}/ffn/linear_1", inputs=inner, rows=hidden)
        self._add_norm(f"{ours}.ffn_norm", f"{theirs}/ffn/layer_norm")

    def _add_cross_attention(self, ours: str, theirs: str) -> None:
        hidden = self._options.hidden_size
        for name, part, rows in (
            ("q", "linear_0", hidden),
            ("kv", "linear_1", 2 * hidden),
            ("out", "linear_2", hidden),
        ):
            self._add_linear(f"{ours}.cross_attn.{name}", f"{theirs}/{part}", None, hidden, rows)
        self._add_norm(f"{ours}.cross_norm", f"{theirs}/layer_norm")

    def _add_output(self) -> None:
        """The output layer, whose weights are mostly the decoder's embedding."""
        hidden, rows = self._options.hidden_size, self._rows(embedding(self._file, "decoder"))
        self._add_linear("softmax", PROJECTION, inputs=hidden, rows=rows)
        if "softmax.bias" in self._readers:
            self._readers["logits_bias"] = self._readers.pop("softmax.bias")
        tied = self._file.owner(f"{embedding(self._file, 'decoder')}/weight")
        if self._file.owner(f"{PROJECTION}/weight") == tied:
            del self._readers["softmax.weight"]
            self._scales.pop("softmax.weight", None)

    def _add_linear(
        self,
        ours: str,
        theirs: str,
        part: slice | None = None,
        inputs: int | None = None,
        rows: int | None = None,
    ) -> None:
        """A linear layer, `part` of whose rows are read, or an embedding."""
        part = part or slice(None)
        weight, bias = f"{theirs}/weight", f"{theirs}/bias"
        self._expect(weight, rows, inputs)
        self._readers[f"{ours}.weight"] = partial(self._file.floats, weight, part)
        self._used.add(f"{theirs}/weight_scale")
        if self._file.kind(weight) == "<i1":
            self._scales[f"{ours}.weight"] = partial(self._scale, weight, part)
        if bias in self._file:
            self._expect(bias, self._rows(theirs))
            self._readers[f"{ours}.bias"] = partial(self._file.floats, bias, part)

    def _scale(self, weight: str, part: slice) -> Array:
        scales = self._file.scales(weight)
        assert scales is not None
        return (scales if scales.ndim else scales.repeat(self._file.shape(weight)[0]))[part]

    def _add_norm(self, ours: str, theirs: str) -> None:
        for name, kind in (("gamma", "weight"), ("beta", "bias")):
            if name == "gamma" or f"{theirs}/{name}" in self._file:
                self._expect(f"{theirs}/{name}", self._options.hidden_size)
                self._readers[f"{ours}.{kind}"] = partial(self._file.floats, f"{theirs}/{name}")

    def _rows(self, theirs: str) -> int:
        shape = self._file.shape(f"{theirs}/weight")
        return shape[0] if shape else 0

    def _expect(self, name: str, *shape: int | None) -> None:
        """Check a tensor's shape, of which None is any size."""
        found = self._file.shape(name)
        fits = len(found) == len(shape) and all(
            size in (None, there) for size, there in zip(shape, found, strict=True)
        )
        if not fits or 0 in found:
            wanted = ", ".join("any" if size is None else str(size) for size in shape)
            raise UserError(
                f"{self._file.where}: {name} has shape {list(found)}, expected [{wanted}]: "
                "copy the file anew"
            )
        self._used.add(name)

    def _check_all_used(self) -> None:
        for name in self._file:
            if name not in self._used and name.rpartition("/")[2] not in ATTRIBUTES:
                raise UserError(
                    f"{self._file.where}: {name} is not known here, so the model cannot be run "
                    "exactly: keep to CTranslate2"
                )
