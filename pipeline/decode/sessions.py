"""ONNX Runtime sessions of a bundle, opened once and shared by all workers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from pipeline.bundle import Bundle
from pipeline.decode.arrays import Floats
from pipeline.decode.exactness import PROVIDERS, check_exact, session_options
from pipeline.errors import BundleError

# Source positions come in multiples of it: kernels then see whole vectors, whoever the neighbours
# are.
PAD_MULTIPLE = 16
# StringStringEntryProto(key="location", value=…) as protobuf writes it, up to the value's length:
# the tag and length of each field come before it, and fields stand in the order of their numbers.
LOCATION = re.compile(rb"\x0a\x08location\x12([\x80-\xff]?[\x00-\x7f])")
SENTENCES_A_RUN = 8  # encoded at once; more gain nothing and take memory
SLOW_FUSIONS = ["SkipLayerNormFusion"]  # its kernel takes eight times as long as what it replaces


@dataclass(frozen=True)
class EncodedSource:
    """A source sentence as the decoder sees it.

    L decoder layers, h heads of size d, H hidden size, S tokens with prefix and suffix.
    """

    length: int  # S
    mask: npt.NDArray[np.int32]  # [S], 0 where a position is not to be seen
    semantic_bias: Floats  # [L, H]; no rows where the family has none
    keys: tuple[Floats, ...]  # L arrays [h, d, S]
    values: tuple[Floats, ...]  # L arrays [h, S, d]


class Sessions:
    """`encoder.onnx` and the step graphs. Thread-safe.

    Each runs on one thread: the workers are the parallelism.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleError for a graph that this runtime cannot load."""
        self.bundle = bundle
        self.dimensions = bundle.manifest.dimensions
        decoding = bundle.manifest.decoding
        self.end_id = decoding.end_id
        # What the encoder is given around a sentence.
        self.prefix, self.suffix = decoding.source_prefix, decoding.closing
        self.encoder = self.open("encoder.onnx")
        self.step = self.open("step.onnx")

    def open(self, name: str) -> ort.InferenceSession:
        """A new session of the bundle's graph `name`.

        Raises BundleError if the manifest does not list the graph or a file that it keeps tensors
        in, or if this runtime cannot load it.
        """
        path = self.bundle.file(name)
        for location in external_files(path.read_bytes()):
            self.bundle.file(str(Path(name).parent / location))
        return open_session(path)

    def encode(self, sentences: Sequence[Sequence[int]]) -> Iterator[EncodedSource]:
        """Encode sentences (ids without prefix and suffix), in their order and several at once.

        What runs together does not change a sentence's bits.
        """
        for first in range(0, len(sentences), SENTENCES_A_RUN):
            yield from self._encode(sentences[first : first + SENTENCES_A_RUN])

    def _encode(self, given: Sequence[Sequence[int]]) -> Iterator[EncodedSource]:
        sentences = [(*self.prefix, *ids, *self.suffix) for ids in given]
        lengths = np.array([len(ids) for ids in sentences], np.int32)
        rows = np.full((len(sentences), padded(int(lengths.max()))), self.end_id, np.int64)
        for row, ids in zip(rows, sentences, strict=True):
            row[: len(ids)] = ids
        masks, *outputs = self._run_encoder({"input_ids": rows, "lengths": lengths})
        dims = self.dimensions
        biases = (
            outputs.pop(0)
            if dims.semantic_bias
            else np.zeros((len(rows), 0, dims.hidden_size), np.float32)
        )
        for index, length in enumerate(lengths.tolist()):
            keys = tuple(keys[index, :, :, :length] for keys in outputs[::2])
            values = tuple(values[index, :, :length] for values in outputs[1::2])
            yield EncodedSource(length, masks[index, :length], biases[index], keys, values)

    def _run_encoder(self, inputs: dict[str, Any]) -> list[Any]:
        outputs: list[Any] = self.encoder.run(None, inputs)
        return outputs


def padded(length: int) -> int:
    """The least multiple of PAD_MULTIPLE that holds `length` positions."""
    return -(-length // PAD_MULTIPLE) * PAD_MULTIPLE


def external_files(graph: bytes) -> set[str]:
    """The files in which an ONNX graph keeps tensors, relative to its own folder.

    In a serialised graph each is an entry with the key "location" and the file's name as value.
    """
    names = set()
    for match in LOCATION.finditer(graph):
        size = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(match[1]))
        names.add(graph[match.end() : match.end() + size].decode(errors="replace"))
    return names


def open_session(path: Path) -> ort.InferenceSession:
    """A session of the graph at `path`, with one thread that does not spin.

    Raises BundleError for a graph that this runtime cannot load, or would not multiply exactly.
    """
    try:
        session = ort.InferenceSession(
            path, session_options(), providers=PROVIDERS, disabled_optimizers=SLOW_FUSIONS
        )
    except Exception as error:  # the runtime's errors share no narrower base class
        reason = str(error).strip().splitlines()[0][:200]
        raise BundleError(
            f"{path}: onnxruntime {ort.__version__} cannot load it ({reason}): rebuild the bundle"
        ) from None
    check_exact(session, path)
    return session


def ort_value(array: npt.NDArray[Any]) -> ort.OrtValue:
    """An OrtValue over the array's own memory, which must be contiguous and outlive it."""
    return ort.OrtValue.ortvalue_from_numpy(array)
