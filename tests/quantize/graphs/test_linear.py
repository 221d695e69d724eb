"""Products in every recipe's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.decode import exactness
from pipeline.decode.exactness import check_exact
from pipeline.decode.sessions import open_session
from pipeline.errors import BundleError
from quantize.graphs.linear import LinearLayers
from quantize.graphs.onnx_graph import FLOAT, OnnxGraph, value_info
from quantize.graphs.weights import WeightFile
from quantize.int8.observations import Observations
from quantize.int8.recipes import known_recipes, load_recipe
from quantize.int8.rounding import Quantiser

pytestmark = pytest.mark.quantize
INT8 = [
    f"{kind}-{limit}{end}"
    for kind in ("static", "row")
    for limit in (63, 127)
    for end in ("", "-gptq")
]
INT8 += ["dynamic-63", "dynamic-127", "static-63-percentile"]


def observations(low: float, high: float, rows: Any) -> Any:
    """Of two products' inputs that take all values of a range, whatever the percentile."""

    class Fixed(Observations):
        def range(self, *_: Any) -> tuple[float, float]:
            return low, high

    return Fixed(len(rows), {}, dict.fromkeys(("first", "second"), rows.T @ rows))


def operands(activations: str) -> tuple[Any, float, float]:
    """Rows of extreme values that the recipe quantises without loss, and their range."""
    low, high = (-127.0, 127.0) if activations == "row" else (0.0, 255.0)
    rows = np.random.default_rng(1).choice([low, high], (9, 512)).astype(np.float32)
    rows[0] = high
    return rows, low, high


def test_every_recipe_is_tried_below() -> None:
    assert sorted(["fp32", *INT8]) == known_recipes()


@pytest.mark.parametrize("anyway", [True, False])
@pytest.mark.parametrize("name", INT8)
def test_products_of_extreme_operands_equal_numpys_integers(
    tmp_path: Path, name: str, anyway: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not anyway:  # as on a CPU without VNNI
        monkeypatch.setattr(exactness, "exact_anyway", lambda: False)
    recipe = load_recipe(name)
    limit = float(recipe.weight_limit)
    weight = np.random.default_rng(2).choice([-limit, limit], (512, 256)).astype(np.float32)
    weight[:, 0] = limit
    rows, low, high = operands(recipe.activations)
    weights = WeightFile(tmp_path / "weights.bin")
    graph = OnnxGraph(weights)
    layers = LinearLayers(graph, Quantiser(recipe, observations(low, high, rows)))
    # Two products of one input.
    graph.op("Identity", layers.linear("x", weight, None, "first"), name="y")
    graph.op("Identity", layers.linear("x", -weight, None, "second"), name="z")
    outputs = [value_info(output, FLOAT, "M", 256) for output in "yz"]
    graph.save(tmp_path / "product.onnx", [value_info("x", FLOAT, "M", 512)], outputs)
    weights.close()
    exact = rows.astype(np.int64) @ weight.astype(np.int64)
    for count in (1, 4, 9):  # the runtime has kernels for one row and for many
        found = open_session(tmp_path / "product.onnx").run(None, {"x": rows[:count]})
        assert np.array_equal(np.rint(found[0]), exact[:count])
        assert np.array_equal(np.rint(found[1]), -exact[:count])


def test_a_session_without_exact_sums_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime as ort
    from onnx import TensorProto, helper, save

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    path = tmp_path / "graph.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    monkeypatch.setattr(exactness, "exact_anyway", lambda: False)
    low = ort.SessionOptions()
    low.add_session_config_entry("session.x64quantprecision", "1")
    low.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    unset = ort.SessionOptions()
    unset.add_session_config_entry("session.x64quantprecision", "0")
    for options in (low, unset):
        with pytest.raises(BundleError, match="x64quantprecision"):
            check_exact(
                ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]), path
            )
    check_exact(open_session(path), path)
