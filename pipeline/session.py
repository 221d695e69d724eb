"""ONNX Runtime sessions of a bundle, opened once and shared by all workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from pipeline.bundle import Bundle
from pipeline.errors import BundleError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
EXACT_SUMS = "session.x64quantprecision"
SLOWER_FUSIONS = ["SkipLayerNormFusion"]  # its kernel takes eight times as long as the two it replaces


@dataclass(frozen=True)
class Encoded:
    """A source sentence as the decoder sees it: L layers, h heads of size d, S tokens with the end symbol."""

    length: int  # S
    mask: npt.NDArray[np.int32]  # [S], 0 where a position is not to be seen
    semantic_bias: Floats  # [L, H]; no rows where the family has none
    keys: tuple[Floats, ...]  # L arrays [h, S, d]
    values: tuple[Floats, ...]  # the same


class Sessions:
    """`encoder.onnx` and the step graphs, with one intra-op thread: workers are the parallelism."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.dimensions = bundle.manifest.dimensions
        self.end_id = bundle.manifest.decoding.end_id
        self.encoder = self.open("encoder.onnx")
        self.step = self.open("step.onnx")

    def open(self, name: str) -> ort.InferenceSession:
        """Raises BundleError for a graph that this runtime cannot load."""
        return open_session(self.bundle.file(name))

    def encode(self, ids: Sequence[int]) -> Encoded:
        """Encode one sentence (ids without the end symbol), alone: nothing pads or accompanies it."""
        row = np.array([[*ids, self.end_id]], np.int64)
        inputs = {"input_ids": row, "lengths": np.array([row.shape[1]], np.int32)}
        mask, *outputs = [array[0] for array in self._run_encoder(inputs)]
        dims = self.dimensions
        bias = outputs.pop(0) if dims.semantic_bias else np.zeros((0, dims.hidden_size), np.float32)
        return Encoded(row.shape[1], mask, bias, tuple(outputs[::2]), tuple(outputs[1::2]))

    def _run_encoder(self, inputs: dict[str, Any]) -> list[Any]:
        outputs: list[Any] = self.encoder.run(None, inputs)
        return outputs


def open_session(path: Path) -> ort.InferenceSession:
    """Raises BundleError for a graph that this runtime cannot load, or would not multiply exactly."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry(EXACT_SUMS, "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(
            path, options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOWER_FUSIONS
        )
    except Exception as error:  # the runtime's errors share no narrower base class
        reason = str(error).strip().splitlines()[0][:200]
        raise BundleError(
            f"{path}: onnxruntime {ort.__version__} cannot load it ({reason}): rebuild the bundle"
        ) from None
    check_exact(session, path)
    return session


def check_exact(session: ort.InferenceSession, path: Path) -> None:
    """Raises BundleError unless the session's INT8 sums are exact on every CPU.

    Without VNNI, sums of u8×s8 products saturate silently. `EXACT_SUMS` mends that, but only where the
    optimiser runs at EXTENDED or higher.
    """
    options = session.get_session_options()
    levels = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED, ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    if options.graph_optimization_level not in levels or options.get_session_config_entry(EXACT_SUMS) != "1":
        raise BundleError(
            f"{path}: onnxruntime {ort.__version__} did not take {EXACT_SUMS}=1 at optimisation level EXTENDED or "
            "higher, without which INT8 sums are wrong on CPUs without VNNI: install the locked version"
        )


def share(array: npt.NDArray[Any]) -> ort.OrtValue:
    """An OrtValue over the array's own memory, which must be contiguous and outlive it."""
    return ort.OrtValue.ortvalue_from_numpy(array)
