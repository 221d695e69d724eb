"""`python -m benchmarks.full_size`: the published model's shape with random weights, in float32 and INT8.

All variants run in the same engine, in turn: float32, this project's recipes, and the float32 graphs as Optimum's
`ORTQuantizer` quantises them (its dynamic preset for this CPU, as it comes). Random weights say nothing about
quality; every translation runs to the same length. What INT8 is worth shows where weights outgrow the caches.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from pipeline.bundle import Bundle, Manifest, read_manifest
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.resources import DEFAULT_MODEL, resolve
from quantize.build import write_manifest
from quantize.builder import value
from quantize.judge.report import cpu_name
from quantize.judge.speed import forced_length, peak_memory, race
from quantize.network import Network, csanmt_network
from quantize.progress import Report
from quantize.recipes import load_recipe
from quantize.sources import open_source
from quantize.workshop import Workshop, entry

OPTIMUM = "optimum-int8"
GRAPHS = ("encoder.onnx", "step.onnx")
SHAPES: dict[str, dict[str, Any]] = {
    "full": {"src_vocab_size": 50000, "trg_vocab_size": 50000, "hidden_size": 1024, "filter_size": 4096}
    | {"num_heads": 16, "num_encoder_layers": 24, "num_decoder_layers": 6, "num_semantic_encoder_layers": 4},
    "small": {"src_vocab_size": 1000, "trg_vocab_size": 1000, "hidden_size": 64, "filter_size": 128}
    | {"num_heads": 4, "num_encoder_layers": 2, "num_decoder_layers": 1, "num_semantic_encoder_layers": 1},
}


def compare(
    work: Path, shape: str, recipes: Sequence[str], *, rounds: int, sentences: int, tokens: int, report: Report
) -> dict[str, Any]:
    """Size, peak memory and CPU time of every variant."""
    bundles = _bundles(work / shape, shape, recipes, report)
    rng = np.random.default_rng(0)
    limit = SHAPES[shape]["src_vocab_size"]
    sources = [tuple(rng.integers(2, limit, tokens).tolist()) for _ in range(sentences)]
    with ExitStack() as stack:
        report("race")
        engines = {name: stack.enter_context(closing(Engine.load(bundle))) for name, bundle in bundles.items()}
        options = forced_length(engines["fp32"], tokens)
        timings = race(engines, "fp32", sources, options=options, rounds=rounds)
    found = {}
    for name, bundle in bundles.items():
        report(f"{name}: memory")
        size = sum(file.size for file in bundle.manifest.files.values())
        peak = peak_memory(bundle, sources, options)
        found[name] = {"size_bytes": size, "peak_rss_bytes": peak, **asdict(timings[name])}
    return {"cpu": cpu_name(), "shape": shape, "sentences": sentences, "tokens": tokens, "variants": found}


def _bundles(work: Path, shape: str, recipes: Sequence[str], report: Report) -> dict[str, Bundle]:
    if calibrated := [name for name in recipes if load_recipe(name).calibrated]:
        raise UserError(f"random weights cannot be calibrated: leave out {', '.join(calibrated)}")
    missing = [name for name in ("fp32", *recipes) if not (work / name / "model.yaml").is_file()]
    if missing:
        report("random weights")
        trained = open_source(resolve(DEFAULT_MODEL) / "source")
        source = replace(trained, network=random_network(shape), calibration=())
        workshop = Workshop(source, work, report=report)
        for name in missing:
            report(f"{name}: graphs")
            shutil.rmtree(work / name, ignore_errors=True)
            (work / name).mkdir(parents=True)
            draft = workshop.draft(load_recipe(name), work / name)
            write_manifest(draft.path, draft.manifest)
        del workshop, source
    bundles = {name: Bundle(work / name, read_manifest(work / name)) for name in ("fp32", *recipes)}
    return {**bundles, OPTIMUM: _optimum(bundles["fp32"], work / OPTIMUM, report)}


def _optimum(fp32: Bundle, folder: Path, report: Report) -> Bundle:
    """The float32 graphs after `ORTQuantizer`: dynamic, per channel, every product that it finds."""
    from optimum.onnxruntime import ORTQuantizer
    from optimum.onnxruntime.configuration import AutoQuantizationConfig

    if not (folder / "model.yaml").is_file():
        preset = AutoQuantizationConfig.avx512_vnni if "vnni" in cpu_name() else AutoQuantizationConfig.avx2
        shutil.rmtree(folder, ignore_errors=True)
        for name in GRAPHS:
            report(f"{OPTIMUM}: {name}")
            quantiser = ORTQuantizer.from_pretrained(_typed(fp32.path / name).parent, file_name=name)
            quantiser.quantize(
                save_dir=folder,
                quantization_config=preset(is_static=False, per_channel=True),
                file_suffix="",
                use_external_data_format=True,
            )
        described = fp32.manifest.model_dump() | {"name": OPTIMUM, "recipe": {"name": OPTIMUM}}
        described["files"] = {path.name: entry(path) for path in folder.iterdir() if ".onnx" in path.name}
        write_manifest(folder, Manifest.model_validate(described))
    return Bundle(folder, read_manifest(folder))


def _typed(path: Path) -> Path:
    """The graph with the types of attention's outputs, which Optimum's shape inference does not know."""
    model = onnx.load(path, load_external_data=False)
    known = {tensor.name for tensor in model.graph.value_info}
    attended = [node.output[0] for node in model.graph.node if node.op_type == "GroupQueryAttention"]
    for name in attended:
        if name not in known:
            model.graph.value_info.append(value(name, onnx.TensorProto.FLOAT, f"rows_{name}", 1, f"width_{name}"))
    onnx.save(model, path)
    return path


def random_network(shape: str) -> Network:
    """Weights of the shape, normally distributed; seeded."""
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.csanmt.modeling import CsanmtForConditionalGeneration

    config = CsanmtConfig(**SHAPES[shape])
    with torch.device("meta"):
        state = CsanmtForConditionalGeneration(config).state_dict()
    shapes = {name: tuple(weight.shape) for name, weight in state.items()}
    rng = np.random.default_rng(0)
    weights = {}
    for name, size in shapes.items():
        weight = rng.standard_normal(size, dtype=np.float32)
        weights[name] = (
            1 + weight / 10 if name.endswith("norm.weight") else weight * np.float32(config.hidden_size**-0.5)
        )
    return csanmt_network(config.to_dict(), weights)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_size", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for graphs (5 GB), kept for the next time")
    parser.add_argument("--recipes", default="row-63,row-127,dynamic-63", help="by commas (default: %(default)s)")
    parser.add_argument("--shape", choices=["full", "small"], default="full", help="small: to try the command")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32, help="of every source and every translation")
    arguments = parser.parse_args(argv)
    try:
        found = compare(
            arguments.work,
            arguments.shape,
            arguments.recipes.split(","),
            rounds=arguments.rounds,
            sentences=arguments.sentences,
            tokens=arguments.tokens,
            report=lambda text: print(f"… {text}", file=sys.stderr, flush=True),
        )
    except UserError as error:
        print(f"benchmarks.full_size: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
