"""Encoder and decoding step as ONNX graphs (contract: docs/bundle.md).

B sentences, S source length with the end symbol, N sentences in a step, K rows (beams) a sentence,
R = N·K rows, T room in the cache, L decoder layers, h heads of size d, H = h·d, V target vocabulary.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

from quantize.builder import GraphBuilder, WeightFile
from quantize.graphs.encoder import Encoder
from quantize.graphs.step import Step
from quantize.network import Network
from quantize.plan import Plan
from quantize.progress import Progress, no_progress


def write_graphs(network: Network, plan: Plan, folder: Path, progress: Progress = no_progress) -> list[str]:
    """Write encoder.onnx, step.onnx, step_logits.onnx and weights.bin; returns their names."""
    weights = WeightFile(folder / "weights.bin")
    layers = network.num_encoder_layers + network.num_semantic_encoder_layers + 2 * network.num_decoder_layers
    done = count(1)

    def tick() -> None:
        progress(next(done), layers)

    Encoder(network, GraphBuilder(plan, weights), tick).write(folder / "encoder.onnx")
    Step(network, GraphBuilder(plan, weights), tick).write(folder / "step.onnx", choose=True)
    Step(network, GraphBuilder(plan, weights), tick).write(folder / "step_logits.onnx", choose=False)
    weights.close()
    return ["encoder.onnx", "step.onnx", "step_logits.onnx", "weights.bin"]
