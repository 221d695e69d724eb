"""Optimum's quantiser on this project's float32 graphs, so that both run in the same engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx

from benchmarks.engines.runners import dynamic_preset
from pipeline.bundle import Bundle, Manifest, read_manifest
from quantize.bundles.publish import file_entry, write_manifest
from quantize.graphs.onnx_graph import value_info
from quantize.progress import Report

GRAPHS = ("encoder.onnx", "step.onnx")


def optimum_graphs(fp32: Bundle, folder: Path, report: Report) -> Bundle:
    """The float32 graphs after `ORTQuantizer`: dynamic, per channel, every product that it finds."""
    from optimum.onnxruntime import ORTQuantizer

    if not (folder / "model.yaml").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        for name in GRAPHS:
            report(f"{folder.name}: {name}")
            quantiser = ORTQuantizer.from_pretrained(
                _typed(fp32.path / name).parent, file_name=name
            )
            quantiser.quantize(
                save_dir=folder,
                quantization_config=dynamic_preset(),
                file_suffix="",
                use_external_data_format=True,
            )
        described = fp32.manifest.model_dump() | {
            "name": folder.name,
            "recipe": {"name": folder.name},
        }
        described["files"] = {
            path.name: file_entry(path) for path in folder.iterdir() if ".onnx" in path.name
        }
        write_manifest(folder, Manifest.model_validate(described))
    return Bundle(folder, read_manifest(folder))


def _typed(path: Path) -> Path:
    """The graph with the types of attention's outputs, which Optimum's shape inference does not
    know.
    """
    model = onnx.load(path, load_external_data=False)
    known = {tensor.name for tensor in model.graph.value_info}
    attended = [node.output[0] for node in model.graph.node if node.op_type.endswith("Attention")]
    for name in attended:
        if name not in known:
            model.graph.value_info.append(
                value_info(name, onnx.TensorProto.FLOAT, f"rows_{name}", 1, f"width_{name}")
            )
    onnx.save(model, path)
    return path
