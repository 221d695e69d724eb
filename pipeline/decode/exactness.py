"""INT8 sums that are exact on every CPU.

Without VNNI, sums of u8 × s8 products saturate silently where weights go beyond ±63. `EXACT_SUMS`
mends that by making such weights unsigned, which costs time; with VNNI it is not needed. Which kind
a CPU is, is not looked up but tried: a product of the largest operands either is right or is not.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from pipeline.errors import BundleError

EXACT_SUMS = "session.x64quantprecision"
# x [M, 128] u8 times the matrix of `weights`, as float32 (tests/pipeline/decode/test_exactness.py
# makes it).
PRODUCT = Path(__file__).with_name("product.onnx")
ROWS = (1, 2, 4, 9, 64)  # the runtime has kernels for one row and for many
PROVIDERS = ["CPUExecutionProvider"]


def session_options() -> ort.SessionOptions:
    """Of every session: one thread that does not spin, and sums that are exact here."""
    return _options(exact_sums=not exact_anyway())


def _options(*, exact_sums: bool) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry(EXACT_SUMS, "1" if exact_sums else "0")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def weights() -> npt.NDArray[np.int8]:
    """The matrix [128, 32] that the tried product has: the largest numbers, in the first column of
    one sign.
    """
    row, column = np.indices((128, 32))
    return np.where(row * column * 5 % 7 < 4, 127, -127).astype(np.int8)


@cache
def exact_anyway() -> bool:
    """Whether this CPU's sums are exact without `EXACT_SUMS`."""
    session = ort.InferenceSession(PRODUCT, _options(exact_sums=False), providers=PROVIDERS)
    rng = np.random.default_rng(0)
    for rows in ROWS:
        x = rng.choice(np.array([0, 255], np.uint8), (rows, 128))
        x[0] = 255
        (sums,) = session.run(None, {"x": x})
        if not np.array_equal(sums, x.astype(np.int64) @ weights().astype(np.int64)):
            return False
    return True


def check_exact(session: ort.InferenceSession, path: Path) -> None:
    """Raises BundleError unless the session's INT8 sums are exact.

    `EXACT_SUMS` works only where the optimiser runs at EXTENDED or higher.
    """
    options = session.get_session_options()
    levels = (
        ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
        ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    )
    taken = options.get_session_config_entry(EXACT_SUMS) == "1"
    if not (exact_anyway() or (taken and options.graph_optimization_level in levels)):
        raise BundleError(
            f"{path}: onnxruntime {ort.__version__} did not take {EXACT_SUMS}=1 at optimisation "
            "level EXTENDED or higher, without which INT8 sums are wrong on this CPU: "
            "install the locked version"
        )
