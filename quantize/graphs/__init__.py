"""Encoder and decoding step as ONNX graphs (contract: docs/bundle.md).

B sentences, S source length with the end symbol, N sentences in a step, K rows (beams) a sentence,
R = N·K rows, T room in the cache, L decoder layers, h heads of size d, H = h·d, V target
vocabulary.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

from quantize.graphs.builder import GraphBuilder, WeightFile
from quantize.graphs.encoder import Encoder
from quantize.graphs.step import Gives, Step
from quantize.int8.plan import Plan
from quantize.network import Network
from quantize.progress import Progress, no_progress

STEPS: dict[str, Gives] = {
    "step.onnx": "tokens",
    "step_logits.onnx": "logits",
    "step_alignment.onnx": "alignment",
}


def write_graphs(
    network: Network, plan: Plan, folder: Path, progress: Progress = no_progress
) -> list[str]:
    """Write encoder.onnx, the step's three variants and weights.bin, which all share.

    Returns their names.
    """
    weights = WeightFile(folder / "weights.bin")
    layers = (
        network.num_encoder_layers
        + network.num_semantic_encoder_layers
        + 3 * network.num_decoder_layers
    )
    done = count(1)

    def tick() -> None:
        progress(next(done), layers)

    Encoder(network, GraphBuilder(plan, weights), tick).write(folder / "encoder.onnx")
    for name, gives in STEPS.items():
        Step(network, GraphBuilder(plan, weights), tick).write(folder / name, gives)
    weights.close()
    return ["encoder.onnx", *STEPS, "weights.bin"]
