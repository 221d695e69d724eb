"""INT8 products and the rounding of their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.decode.sessions import check_exact, open_session
from pipeline.errors import BundleError

pytestmark = pytest.mark.quantize
INT8 = [
    f"{kind}-{limit}{end}"
    for kind in ("static", "row")
    for limit in (63, 127)
    for end in ("", "-gptq")
]
INT8 += ["dynamic-63", "dynamic-127", "static-63-percentile"]


class Seen:
    """Observations of an input that takes all values of a range, whatever its name."""

    def __init__(self, low: float, high: float, rows: Any) -> None:
        self._range = low, high
        self.hessians = dict.fromkeys(("first", "second"), rows.T @ rows)

    def range(self, *_: Any) -> tuple[float, float]:
        return self._range


def operands(activations: str) -> tuple[Any, float, float]:
    """Rows of extreme values that the recipe quantises without loss, and their range."""
    low, high = (-127.0, 127.0) if activations == "row" else (0.0, 255.0)
    rows = np.random.default_rng(1).choice([low, high], (9, 512)).astype(np.float32)
    rows[0] = high
    return rows, low, high


def test_every_recipe_is_tried_below() -> None:
    from quantize.int8.recipes import known_recipes

    assert sorted(["fp32", *INT8]) == known_recipes()


@pytest.mark.parametrize("name", INT8)
def test_products_of_extreme_operands_equal_numpys_integers(tmp_path: Path, name: str) -> None:
    from quantize.graphs.builder import GraphBuilder, TensorProto, WeightFile, value
    from quantize.int8.plan import Plan
    from quantize.int8.recipes import load_recipe

    recipe = load_recipe(name)
    limit = float(recipe.weight_limit)
    weight = np.random.default_rng(2).choice([-limit, limit], (512, 256)).astype(np.float32)
    weight[:, 0] = limit
    rows, low, high = operands(recipe.activations)
    weights = WeightFile(tmp_path / "weights.bin")
    builder = GraphBuilder(Plan(recipe, Seen(low, high, rows)), weights)
    for output, side, product in (
        ("y", weight, "first"),
        ("z", -weight, "second"),
    ):  # two products of one input
        builder.op("Identity", builder.linear("x", side, None, product), name=output)
    outputs = [value(output, TensorProto.FLOAT, "M", 256) for output in "yz"]
    builder.save(tmp_path / "product.onnx", [value("x", TensorProto.FLOAT, "M", 512)], outputs)
    weights.close()
    exact = rows.astype(np.int64) @ weight.astype(np.int64)
    for count in (1, 4, 9):  # the runtime has kernels for one row and for many
        found = open_session(tmp_path / "product.onnx").run(None, {"x": rows[:count]})
        assert np.array_equal(np.rint(found[0]), exact[:count])
        assert np.array_equal(np.rint(found[1]), -exact[:count])


def test_a_session_without_exact_sums_is_refused(tmp_path: Path) -> None:
    import onnxruntime as ort
    from onnx import TensorProto, helper, save

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    path = tmp_path / "graph.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
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


def test_compensated_rounding_loses_less_on_the_inputs_it_was_fitted_to() -> None:
    from quantize.int8.rounding import channel_scales, compensated, nearest

    rng = np.random.default_rng(0)
    inputs = (
        rng.normal(size=(2000, 96)) @ rng.normal(size=(96, 300)) + rng.normal(size=(2000, 300)) / 10
    )
    weight = rng.normal(size=(300, 40)).astype(np.float32)
    scales = channel_scales(weight, 63)
    exact = inputs @ weight
    rounded = [nearest(weight, scales, 63), compensated(weight, scales, 63, inputs.T @ inputs)]
    plain, fitted = (np.square(inputs @ (r * scales) - exact).mean() for r in rounded)
    assert fitted < plain / 2
    assert np.abs(rounded[1]).max() <= 63


def test_rounding_is_to_the_nearest_where_inputs_do_not_correlate() -> None:
    from quantize.int8.rounding import channel_scales, compensated, nearest

    weight = np.random.default_rng(0).normal(size=(200, 30)).astype(np.float32)
    scales = channel_scales(weight, 63)
    assert np.array_equal(compensated(weight, scales, 63, np.eye(200)), nearest(weight, scales, 63))


@pytest.mark.parametrize(
    "options",
    [
        {"weights": "fp32", "activations": "row"},
        {"weights": "int8", "activations": "fp32"},
        {"weights": "fp32", "activations": "fp32", "rounding": "gptq"},
        {"weights": "int8", "activations": "row", "percentile": 99.9},
        {"weights": "int8", "activations": "row", "weight_limit": 128},
    ],
)
def test_options_that_make_no_sense_together_are_refused(options: dict[str, Any]) -> None:
    from quantize.int8.recipes import Recipe

    with pytest.raises(ValidationError):
        Recipe.model_validate({"name": "odd", "embeddings": "int8", **options})
