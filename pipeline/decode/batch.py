"""The in-flight batch: sentences that are decoded together, each at its own position.

Slots 0 … N-1 hold sentences; slot n owns rows n·K … n·K+K-1 (its beams). A sentence joins at slot
N; when one leaves, the last slot moves into its place, so live rows are always a contiguous prefix
of every buffer. Buffers are kept while the batch lives; slots and target positions grow by
doubling. Source positions are as many as the longest sentence needs since the batch was last empty:
attention reads them all for every sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from pipeline.decode.arrays import Buffer, Floats, Ints, grown
from pipeline.decode.memory import make_memory
from pipeline.decode.sessions import PAD_MULTIPLE, EncodedSource, Sessions, ort_value, padded

MIN_SLOTS = 4  # of a batch's buffers
OUTPUTS = ("top_ids", "top_logprobs", "logits", "alignment")  # of the step graphs


class Batch:
    """Buffers, memory and bindings for N sentences of K rows each, R = N·K. One a thread.

    L decoder layers, h heads of size d, S source positions, T target positions, C candidates, V
    target vocabulary. Buffers have room for more sentences than there are.
    """

    top_ids: Ints  # [R, C], and the rest as far as the graph gives it
    top_logprobs: Floats  # [R, C]
    logits: Floats  # [R, V]
    alignment: Floats  # [R, L, S]

    def __init__(
        self, sessions: Sessions, session: ort.InferenceSession, beam: int, candidates: int = 0
    ) -> None:
        """`session` is a step graph: the choosing one with `candidates`, else another."""
        self._dimensions, self._session = sessions.dimensions, session
        names = [output.name for output in session.get_outputs()]
        self._output_names = [name for name in OUTPUTS if name in names]
        self.beam, self.candidates = beam, candidates
        self.size = 0  # N
        self._slots, self._source_positions, self._target_positions = 0, 0, 0
        self._bound: tuple[int, int, int] | None = None
        layers = range(sessions.dimensions.num_decoder_layers)
        self.tokens = Buffer(np.int64, 1)  # [R] fed to the next step
        self.positions = Buffer(np.int32, 1)  # [R] tokens taken in already
        self.source_mask = Buffer(np.int32, 2)  # [N, S]
        self.semantic_bias = Buffer(np.float32, 3)  # [N, L, H]; L = 0 where the family has none
        self.cross_keys = [Buffer(np.float32, 4) for _ in layers]  # L times [N, h, d, S]
        self.cross_values = [Buffer(np.float32, 4) for _ in layers]  # L times [N, h, S, d]
        self.memory = make_memory(sessions.dimensions)
        self._source_buffers: tuple[Buffer[Any], ...] = (
            self.source_mask,
            self.semantic_bias,
            *self.cross_keys,
            *self.cross_values,
        )
        self._reserve(
            slots=MIN_SLOTS, source_positions=2 * PAD_MULTIPLE, target_positions=2 * PAD_MULTIPLE
        )

    @property
    def rows(self) -> int:
        """R, the rows that are alive."""
        return self.size * self.beam

    def join(self, source: EncodedSource) -> int:
        """Give the sentence a slot, with an empty memory; returns the slot."""
        slot, needed = self.size, padded(source.length)
        positions = max(self._source_positions, needed) if slot else needed
        self._reserve(slot + 1, positions, self._target_positions)
        self.size += 1
        parts = source.mask, source.semantic_bias, *source.keys, *source.values
        for buffer, part in zip(self._source_buffers, parts, strict=True):
            entry = buffer.array[slot]
            entry[...] = 0
            entry[tuple(map(slice, part.shape))] = part
        self.memory.begin(self._rows_of(slot))
        self.positions.array[self._rows_of(slot)] = 0
        self.tokens.array[self._rows_of(slot)] = 0
        return slot

    def leave(self, slot: int) -> int:
        """Free the slot; the last sentence moves there. Returns the slot that it had."""
        self.size -= 1
        last = self.size
        if slot == last:
            return last
        for buffer in self._source_buffers:
            buffer.array[slot] = buffer.array[last]
        target, source = self._rows_of(slot), self._rows_of(last)
        self.positions.array[target] = self.positions.array[source]
        self.tokens.array[target] = self.tokens.array[source]
        filled = int(self.positions.array[source].max())
        for view in self.memory.views(filled):
            view[target] = view[source]
        return last

    def run(self) -> None:
        """One step for all rows: feeds `tokens` at `positions`.

        The outputs are then in `top_ids` and so on, as far as the graph gives them.
        """
        longest = int(self.positions.array[: self.rows].max()) + 1
        self._reserve(self._slots, self._source_positions, longest)
        self._bind()
        self._cache_length[...] = longest
        self._session.run_with_iobinding(self._binding)

    def advance(self, tokens: Ints, parents: Ints) -> None:
        """Append `tokens` [N, K] to the rows `parents` [N, K] of the step just run.

        Parents are numbered within their sentence.
        """
        rows = (parents + np.arange(self.size)[:, None] * self.beam).reshape(-1)
        changed = np.nonzero(rows != np.arange(self.rows))[0]
        self.positions.array[: self.rows] += 1
        self.tokens.array[: self.rows] = tokens.reshape(-1)
        if len(changed):
            filled = int(self.positions.array[changed].max())
            for view in self.memory.views(filled):
                view[changed] = view[rows[changed]]

    def trim(self) -> None:
        """Give back the memory of free slots where they are three quarters or more."""
        slots = max(MIN_SLOTS, 2 * self.size)
        if 2 * slots <= self._slots:
            self._resize(slots, self._source_positions, self._target_positions, tight=True)

    def _rows_of(self, slot: int) -> slice:
        return slice(slot * self.beam, (slot + 1) * self.beam)

    def _reserve(self, slots: int, source_positions: int, target_positions: int) -> None:
        """Have room for so many, in buffers that grow by doubling but for source positions."""
        slots = grown(self._slots, slots)
        target_positions = grown(self._target_positions, target_positions)
        sizes = slots, source_positions, target_positions
        if sizes != (self._slots, self._source_positions, self._target_positions):
            self._resize(*sizes)

    def _resize(
        self, slots: int, source_positions: int, target_positions: int, *, tight: bool = False
    ) -> None:
        """Give the buffers these sizes; what live rows hold stays."""
        self._slots = slots
        self._source_positions, self._target_positions = source_positions, target_positions
        dims = self._dimensions
        h, d = dims.num_heads, dims.head_size
        bias_layers = dims.num_decoder_layers if dims.semantic_bias else 0
        of_slots: list[tuple[Buffer[Any], tuple[int, ...]]] = [
            (self.source_mask, (source_positions,)),
            (self.semantic_bias, (bias_layers, dims.hidden_size)),
            *((keys, (h, d, source_positions)) for keys in self.cross_keys),
            *((values, (h, source_positions, d)) for values in self.cross_values),
        ]
        of_rows: list[tuple[Buffer[Any], tuple[int, ...]]] = [
            (self.tokens, ()),
            (self.positions, ()),
            *((buffer, self.memory.shape(target_positions)) for buffer in self.memory.buffers),
        ]
        for buffer, shape in of_slots:
            buffer.reshape((slots, *shape), self.size, tight=tight)
        for buffer, shape in of_rows:
            buffer.reshape((slots * self.beam, *shape), self.rows, tight=tight)
        self._allocate_outputs()

    def _allocate_outputs(self) -> None:
        dims, rows = self._dimensions, self._slots * self.beam
        shapes: dict[str, tuple[int, ...]] = {
            "top_ids": (rows, self.candidates),
            "top_logprobs": (rows, self.candidates),
            "logits": (rows, dims.target_vocab_size),
            "alignment": (rows, dims.num_decoder_layers, self._source_positions),
        }
        for name in self._output_names:
            dtype = np.int64 if name == "top_ids" else np.float32
            setattr(self, name, np.zeros(shapes[name], dtype))
        self._bound = None

    def _bind(self) -> None:
        """Bind the live prefix of every buffer, unless it is bound already."""
        key = self.size, self._source_positions, self._target_positions
        if self._bound == key:
            return
        self._bound = key
        binding = self._session.io_binding()
        for name, array in self._inputs():
            binding.bind_ortvalue_input(name, ort_value(array))
        for name, buffer in zip(self.memory.names, self.memory.buffers, strict=True):
            shared = ort_value(buffer.array[: self.rows])
            binding.bind_ortvalue_input(f"past_{name}", shared)
            binding.bind_ortvalue_output(f"present_{name}", shared)
        for name in self._output_names:
            binding.bind_ortvalue_output(name, ort_value(getattr(self, name)[: self.rows]))
        self._binding = binding

    def _inputs(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """What a step reads beside its memory. The binding does not keep the arrays alive."""
        self._cache_length = np.zeros((), np.int32)
        self._beam = np.array([self.beam], np.int64)
        self._candidates = np.array([self.candidates], np.int64)
        yield "tokens", self.tokens.array[: self.rows]
        yield "positions", self.positions.array[: self.rows]
        if self._dimensions.decoder == "attention":
            yield "cache_length", self._cache_length
        yield "beam", self._beam
        yield "source_mask", self.source_mask.array[: self.size]
        if self._dimensions.semantic_bias:
            yield "semantic_bias", self.semantic_bias.array[: self.size]
        for index, keys in enumerate(self.cross_keys):
            yield f"cross_key_{index}", keys.array[: self.size]
        for index, values in enumerate(self.cross_values):
            yield f"cross_value_{index}", values.array[: self.size]
        if self.candidates:
            yield "candidates", self._candidates
