"""`python -m benchmarks.kernels`: what ways to write a part of the graphs cost on this CPU.

CPU microseconds of one thread, the least of several repeats, at a hidden size of 512 and 8 heads.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import onnxruntime as ort
from onnx import NodeProto, TensorProto, helper, numpy_helper

from pipeline.decode.sessions import SLOW_FUSIONS
from quantize.graphs.onnx_graph import IR_VERSION, MICROSOFT, OPSETS, value_info
from quantize.machine import cpu_name

HIDDEN, HEADS, SOURCE = 512, 8, 32
HEAD = HIDDEN // HEADS
LAYERS, VOCABULARY = 6, 65001
CHAIN = 10  # normalisations one after another, so that calling the session weighs little
REPEATS = 6
Node = Callable[..., NodeProto]
Arrays = Mapping[str, Any]


def session(nodes: Sequence[NodeProto], feeds: Arrays, constants: Arrays) -> ort.InferenceSession:
    """A session of a graph whose output is `y`."""
    inputs = [
        value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), *array.shape)
        for name, array in feeds.items()
    ]
    held = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    output = helper.make_empty_tensor_value_info("y")
    output.type.tensor_type.elem_type = TensorProto.FLOAT
    graph = helper.make_graph(nodes, "kernel", inputs, [output], initializer=held)
    opsets = [helper.make_opsetid(*opset) for opset in OPSETS.items()]
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", "1")
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    return ort.InferenceSession(
        model.SerializeToString(),
        options,
        ["CPUExecutionProvider"],
        disabled_optimizers=SLOW_FUSIONS,
    )


def microseconds(nodes: Sequence[NodeProto], feeds: Arrays, constants: Arrays, runs: int) -> float:
    """CPU time of a run, the least of REPEATS averages over `runs`."""
    opened, best = session(nodes, feeds, constants), float("inf")
    for _ in range(REPEATS):
        began = time.process_time()
        for _ in range(runs):
            opened.run(None, feeds)
        best = min(best, (time.process_time() - began) / runs)
    return best * 1e6


def normalisation(form: str, rows: int) -> float:
    """One of CHAIN normalisations, each after an addition."""
    node, nodes, x = helper.make_node, [], "x"
    for i in range(CHAIN):
        name = partial("{}{}".format, i)
        add = node("Add", [x, "x"], [name("sum")])
        inputs, outputs = [name("sum"), "scale", "offset"], [name("n")]
        if form == "skip":
            inputs = [x, "x", "scale", "offset"]
            nodes.append(node("SkipLayerNormalization", inputs, outputs, domain=MICROSOFT))
        elif form == "fused":
            nodes += [add, node("LayerNormalization", inputs, outputs, axis=-1)]
        else:
            nodes += [add, *_composed(name)]
        x = name("n")
    rng = np.random.default_rng(0)
    constants: dict[str, Any] = {
        "scale": np.ones(HIDDEN, np.float32),
        "offset": np.zeros(HIDDEN, np.float32),
        "axis": np.array([-1]),
        "epsilon": np.float32(1e-5),
    }
    feeds = {"x": rng.standard_normal((rows, HIDDEN)).astype(np.float32)}
    return microseconds([*nodes, node("Identity", [x], ["y"])], feeds, constants, 100) / CHAIN


def _composed(name: Callable[[str], str]) -> list[NodeProto]:
    steps = (
        ("ReduceMean", "sum", "axis", "mean"),
        ("Sub", "sum", "mean", "centred"),
        ("Mul", "centred", "centred", "square"),
        ("ReduceMean", "square", "axis", "variance"),
        ("Add", "variance", "epsilon", "shifted"),
        ("Sqrt", "shifted", None, "deviation"),
        ("Div", "centred", "deviation", "unit"),
        ("Mul", "unit", "scale", "scaled"),
        ("Add", "scaled", "offset", "n"),
    )
    shared = {"axis", "epsilon", "scale", "offset"}

    def place(text: str) -> str:
        return text if text in shared else name(text)

    return [
        helper.make_node(kind, [place(x) for x in inputs if x], [place(output)])
        for kind, *inputs, output in steps
    ]


def attention(form: str, sentences: int, beam: int) -> float:
    """Cross-attention of `beam` rows a sentence over SOURCE positions, one of LAYERS.

    Each layer has keys and values of its own: as in a step, the caches do not hold them all where
    sentences are many.
    """
    rng, node, nodes = np.random.default_rng(0), helper.make_node, []
    feeds: dict[str, Any] = {"q": rng.standard_normal((sentences, beam, HIDDEN)).astype(np.float32)}
    constants: dict[str, Any] = {}
    if form == "fused":
        feeds["mask"] = np.ones((sentences, SOURCE), np.int32)
    else:
        feeds["hidden"] = np.zeros((sentences, 1, 1, SOURCE), np.float32)
        constants = {"by_head": np.array([0, 0, HEADS, HEAD]), "whole": np.array([0, 0, HIDDEN])}
    for layer in range(LAYERS):
        name = partial("{}{}".format, layer)
        shape = sentences, HEADS, SOURCE, HEAD
        keys, feeds[name("v")] = (rng.standard_normal(shape).astype(np.float32) for _ in "kv")
        if form == "fused":
            feeds[name("k")] = keys
            inputs = ["q", name("k"), name("v"), "", "mask"]
            nodes.append(
                node("MultiHeadAttention", inputs, [name("y")], domain=MICROSOFT, num_heads=HEADS)
            )
        else:
            feeds[name("k")] = np.ascontiguousarray(keys.transpose(0, 1, 3, 2))
            nodes += _attended(name)
    total = node("Sum", [f"{layer}y" for layer in range(LAYERS)], ["y"])
    return microseconds([*nodes, total], feeds, constants, 50) / LAYERS


def _attended(name: Callable[[str], str]) -> list[NodeProto]:
    """The keys come transposed and divided by the root of their size."""
    node = helper.make_node
    return [
        node("Reshape", ["q", "by_head"], [name("heads")]),
        node("Transpose", [name("heads")], [name("queries")], perm=[0, 2, 1, 3]),
        node("MatMul", [name("queries"), name("k")], [name("scores")]),
        node("Add", [name("scores"), "hidden"], [name("seen")]),
        node("Softmax", [name("seen")], [name("weights")], axis=-1),
        node("MatMul", [name("weights"), name("v")], [name("mixed")]),
        node("Transpose", [name("mixed")], [name("joined")], perm=[0, 2, 1, 3]),
        node("Reshape", [name("joined"), "whole"], [name("y")]),
    ]


def probability(form: str, rows: int) -> float:
    """One entry a row of `form`, Softmax or LogSoftmax, over VOCABULARY logits."""
    logits = np.random.default_rng(0).standard_normal((rows, VOCABULARY)).astype(np.float32)
    nodes = [
        helper.make_node(form, ["x"], ["all"], axis=-1),
        helper.make_node("GatherElements", ["all", "first"], ["y"], axis=-1),
    ]
    return microseconds(nodes, {"x": logits, "first": np.zeros((rows, 1), np.int64)}, {}, 5)


def product(form: str, rows: int) -> float:
    """[rows, 512] times weights [512, 2048]: float32, or u8 × s8 within ±63 or ±127.

    The loader makes the latter u8.
    """
    rng, width, node = np.random.default_rng(0), 4 * HIDDEN, helper.make_node
    feeds = {"x": rng.standard_normal((rows, HIDDEN)).astype(np.float32)}
    if form == "fp32":
        weights = rng.standard_normal((HIDDEN, width)).astype(np.float32)
        return microseconds([node("MatMul", ["x", "w"], ["y"])], feeds, {"w": weights}, 100)
    limit = int(form)
    constants: dict[str, Any] = {
        "w": rng.integers(-limit, limit + 1, (HIDDEN, width), np.int8),
        "wz": np.zeros(width, np.int8),
        "ws": np.full(width, 0.01, np.float32),
        "s": np.float32(0.05),
        "z": np.uint8(128),
    }
    inputs = ["q", "w", "s", "ws", "z", "wz"]
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        node("MatMulIntegerToFloat", inputs, ["y"], domain=MICROSOFT),
    ]
    return microseconds(nodes, feeds, constants, 100)


def main() -> None:
    """Measure every form and print a table a part."""
    argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=__doc__).parse_args()
    print(f"{cpu_name()}, onnxruntime {ort.__version__}; CPU µs")
    rows = (1, 4, 16, 32, 64)
    for name, measure, forms in (
        ("addition and normalisation", normalisation, ("composed", "fused", "skip")),
        ("product 512 × 2048", product, ("fp32", "63", "127")),
        ("probabilities of 65,001", probability, ("Softmax", "LogSoftmax")),
    ):
        print(f"\n{name:<28}" + "".join(f"{count:>5} rows" for count in rows))
        for form in forms:
            show(form, [measure(form, count) for count in rows])
    cells = ((1, 1), (4, 1), (16, 1), (32, 1), (4, 4), (16, 4))
    print(f"\n{'cross-attention, N × K':<28}" + "".join(f"{f'{n} × {k}':>10}" for n, k in cells))
    for form in ("composed", "fused"):
        show(form, [attention(form, *cell) for cell in cells])


def show(form: str, figures: Sequence[float]) -> None:
    """Print a row."""
    print(f"  {form:<26}" + "".join(f"{figure:10.1f}" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
