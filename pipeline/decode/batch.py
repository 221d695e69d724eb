"""The in-flight batch: sentences that are decoded together, each at its own position.

Slots 0 … N-1 hold sentences; slot n owns rows n·K … n·K+K-1 (its beams). A sentence joins at slot
N; when one leaves, the last slot moves into its place, so live rows are always a contiguous prefix
of every buffer. Buffers are kept while the batch lives; slots and room in the cache grow by
doubling. Source positions are as many as the longest sentence needs since the batch was last empty:
attention reads them all for every sentence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from pipeline.decode.arrays import Floats, Ints, grown, resized
from pipeline.decode.sessions import PLACES, Encoded, Sessions, padded, share

OUTPUTS = ("top_ids", "top_logprobs", "logits", "alignment")  # of the step graphs


class Batch:
    """Buffers, cache and bindings for sentences of K rows each. Not thread-safe: one a worker."""

    top_ids: Ints  # [R, C], and the rest as far as the graph gives it
    top_logprobs: Floats  # [R, C]
    logits: Floats  # [R, V]
    alignment: Floats  # [R, L, S]

    def __init__(
        self, sessions: Sessions, session: ort.InferenceSession, beam: int, candidates: int = 0
    ) -> None:
        """`session` is a step graph: with `candidates` the choosing one, without one of the others."""
        self._dimensions, self._session = sessions.dimensions, session
        names = [output.name for output in session.get_outputs()]
        self._gives = [name for name in OUTPUTS if name in names]
        self.beam, self.candidates = beam, candidates
        self.size = 0
        self._slots, self._sources, self._room = 0, 0, 0
        self._bound: tuple[int, int, int] | None = None
        self.tokens: Ints = np.zeros(0, np.int64)
        self.positions: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self.source_mask: npt.NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self.semantic_bias: Floats = np.zeros((0, 0, 0), np.float32)
        layers = sessions.dimensions.num_decoder_layers
        self.cross_keys, self.cross_values, self.caches = (
            _empty(n) for n in (layers, layers, 2 * layers)
        )
        self._allocate(slots=4, sources=2 * PLACES, room=2 * PLACES)

    @property
    def rows(self) -> int:
        return self.size * self.beam

    def join(self, source: Encoded) -> int:
        """Give the sentence a slot, with an empty cache; returns the slot."""
        slot, needed = self.size, padded(source.length)
        self._allocate(slot + 1, max(self._sources, needed) if slot else needed, self._room)
        self.size += 1
        self.semantic_bias[slot] = source.semantic_bias
        buffers = self.source_mask, *self.cross_keys, *self.cross_values
        for buffer, part in zip(buffers, (source.mask, *source.keys, *source.values), strict=True):
            buffer[slot] = 0
            buffer[slot][tuple(map(slice, part.shape))] = part
        self.positions[slot * self.beam : self.size * self.beam] = 0
        self.tokens[slot * self.beam : self.size * self.beam] = 0
        return slot

    def leave(self, slot: int) -> int:
        """Free the slot; returns the slot whose sentence now lives at `slot` (the last one, maybe
        itself).
        """
        self.size -= 1
        last = self.size
        if slot == last:
            return last
        for buffer in (self.source_mask, self.semantic_bias, *self.cross_keys, *self.cross_values):
            buffer[slot] = buffer[last]
        mine, its = self._rows_of(slot), self._rows_of(last)
        filled = int(self.positions[its].max())
        self.positions[mine], self.tokens[mine] = self.positions[its], self.tokens[its]
        for cache in self.caches:
            cache[mine, :, :filled] = cache[its, :, :filled]
        return last

    def run(self) -> None:
        """One step for all rows: feeds `tokens` at `positions`.

        Outputs are in `top_ids` and so on.
        """
        longest = int(self.positions[: self.rows].max()) + 1
        self._allocate(self._slots, self._sources, longest)
        self._bind()
        self.cache_length[...] = longest
        self._session.run_with_iobinding(self._binding)

    def advance(self, tokens: Ints, parents: Ints) -> None:
        """Append `tokens` [N, K] to the rows `parents` [N, K] (within the sentence) of the step
        just run.
        """
        rows = (parents + np.arange(self.size)[:, None] * self.beam).reshape(-1)
        changed = np.nonzero(rows != np.arange(self.rows))[0]
        self.positions[: self.rows] += 1
        self.tokens[: self.rows] = tokens.reshape(-1)
        if len(changed):
            filled = int(self.positions[changed].max())
            for cache in self.caches:
                cache[changed, :, :filled] = cache[rows[changed], :, :filled]

    def _rows_of(self, slot: int) -> slice:
        return slice(slot * self.beam, (slot + 1) * self.beam)

    def _allocate(self, slots: int, sources: int, room: int) -> None:
        """Give the buffers these sizes; what live rows hold stays."""
        want = grown(self._slots, slots), sources, grown(self._room, room)
        if want == (self._slots, self._sources, self._room):
            return
        self._slots, self._sources, self._room = want
        dims, rows, live = self._dimensions, want[0] * self.beam, self.rows
        h, d = dims.num_heads, dims.head_size
        bias = want[0], dims.num_decoder_layers if dims.semantic_bias else 0, dims.hidden_size
        self.tokens = resized(self.tokens, (rows,), live)
        self.positions = resized(self.positions, (rows,), live)
        self.source_mask = resized(self.source_mask, want[:2], self.size)
        self.semantic_bias = resized(self.semantic_bias, bias, self.size)
        for buffers, shape, filled in (
            (self.cross_keys, (want[0], h, d, want[1]), self.size),
            (self.cross_values, (want[0], h, want[1], d), self.size),
            (self.caches, (rows, h, want[2], d), live),
        ):
            for index, buffer in enumerate(
                buffers
            ):  # one at a time, so that two are never held of all
                buffers[index] = resized(buffer, shape, filled)
        self._outputs()

    def _outputs(self) -> None:
        self.cache_length = np.zeros((), np.int32)
        dims, rows = self._dimensions, self._slots * self.beam
        shapes: dict[str, tuple[int, ...]] = {
            "top_ids": (rows, self.candidates),
            "top_logprobs": (rows, self.candidates),
            "logits": (rows, dims.target_vocab_size),
            "alignment": (rows, dims.num_decoder_layers, self._sources),
        }
        for name in self._gives:
            setattr(
                self, name, np.zeros(shapes[name], np.int64 if name == "top_ids" else np.float32)
            )
        self._bound = None

    def _bind(self) -> None:
        """Bind the live prefix of every buffer, unless it is bound already."""
        key = self.size, self._sources, self._room
        if self._bound == key:
            return
        self._bound, rows = key, self.rows
        binding = self._session.io_binding()
        for name, array in self._inputs(rows):
            binding.bind_ortvalue_input(name, share(array))
        for index, cache in enumerate(self.caches):
            name = f"{'key' if index % 2 == 0 else 'value'}_{index // 2}"
            shared = share(cache[:rows])
            binding.bind_ortvalue_input(f"past_{name}", shared)
            binding.bind_ortvalue_output(f"present_{name}", shared)
        for name in self._gives:
            binding.bind_ortvalue_output(name, share(getattr(self, name)[:rows]))
        self._binding = binding

    def _inputs(self, rows: int) -> list[tuple[str, npt.NDArray[Any]]]:
        beam, count = np.array([self.beam], np.int64), np.array([self.candidates], np.int64)
        self._constants = beam, count  # the binding does not keep them alive
        pairs: list[tuple[str, npt.NDArray[Any]]] = [
            ("tokens", self.tokens[:rows]),
            ("positions", self.positions[:rows]),
            ("cache_length", self.cache_length),
            ("beam", beam),
            ("source_mask", self.source_mask[: self.size]),
        ]
        if self._dimensions.semantic_bias:
            pairs.append(("semantic_bias", self.semantic_bias[: self.size]))
        pairs += [
            (f"cross_key_{i}", buffer[: self.size]) for i, buffer in enumerate(self.cross_keys)
        ]
        pairs += [
            (f"cross_value_{i}", buffer[: self.size]) for i, buffer in enumerate(self.cross_values)
        ]
        return pairs + ([("candidates", count)] if self.candidates else [])


def _empty(count: int) -> list[Floats]:
    return [np.zeros((0, 0, 0, 0), np.float32) for _ in range(count)]
