"""Whether a CPU's INT8 sums are exact is tried with the largest operands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from pipeline.decode import exactness
from pipeline.decode.exactness import EXACT_SUMS, PRODUCT, exact_anyway, session_options, weights


def product() -> bytes:
    """The graph that is tried."""
    constants = {
        "w": weights(),
        "one": np.array(1, np.float32),
        "x_zero": np.array(0, np.uint8),
        "w_zero": np.array(0, np.int8),
    }
    multiply = helper.make_node(
        "MatMulIntegerToFloat",
        ["x", "w", "one", "one", "x_zero", "w_zero"],
        ["sums"],
        domain="com.microsoft",
    )
    graph = helper.make_graph(
        [multiply],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, ["M", 128])],
        [helper.make_tensor_value_info("sums", TensorProto.FLOAT, ["M", 32])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    return model


def test_the_file_is_the_graph_above() -> None:
    assert PRODUCT.read_bytes() == product()


def test_the_operands_would_saturate() -> None:
    column = weights()[:, 0].astype(int)
    assert set(np.unique(weights())) == {-127, 127}
    assert 255 * (column[0] + column[1]) > np.iinfo(np.int16).max


def test_sums_are_exact_with_the_options_of_every_session() -> None:
    session = ort.InferenceSession(PRODUCT, session_options(), providers=["CPUExecutionProvider"])
    x = np.full((3, 128), 255, np.uint8)
    (sums,) = session.run(None, {"x": x})
    assert np.array_equal(sums, x.astype(np.int64) @ weights().astype(np.int64))


def test_what_is_needed_is_set_and_nothing_else() -> None:
    needed = session_options().get_session_config_entry(EXACT_SUMS) == "1"
    assert needed != exact_anyway()


def test_cpus_with_vnni_are_exact_anyway() -> None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    if "avx512_vnni" not in flags:
        pytest.skip("this CPU has no AVX512-VNNI")
    assert exact_anyway()


def test_a_sum_that_saturates_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Saturating:
        def __init__(self, *args: object, **options: object) -> None:
            self.session = session(*args, **options)

        def run(self, names: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            (sums,) = self.session.run(names, inputs)
            return [np.clip(sums, -(2**15), 2**15 - 1)]

    session = ort.InferenceSession
    monkeypatch.setattr(exactness.ort, "InferenceSession", Saturating)
    assert not exactness.exact_anyway.__wrapped__()
