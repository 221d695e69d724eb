"""Encoder and decoding step as ONNX graphs (contract: docs/bundle.md).

B sentences, S source length with the end symbol, N sentences in a step, K rows (beams) a sentence,
R = N·K rows, T room in the cache, L decoder layers, h heads of size d, H = h·d, V target
vocabulary.
"""

from __future__ import annotations

from contextlib import closing
from itertools import count
from pathlib import Path

from quantize.graphs.encoder import EncoderGraph
from quantize.graphs.linear import LinearLayers
from quantize.graphs.onnx_graph import OnnxGraph
from quantize.graphs.step import Gives, StepGraph
from quantize.graphs.weights import WeightFile
from quantize.int8.rounding import Quantiser
from quantize.network import Network
from quantize.progress import Progress, no_progress

STEPS: dict[str, Gives] = {
    "step.onnx": "tokens",
    "step_logits.onnx": "logits",
    "step_alignment.onnx": "alignment",
}


def write_graphs(
    network: Network,
    quantiser: Quantiser,
    folder: Path,
    *,
    observing: bool = False,
    progress: Progress = no_progress,
) -> list[str]:
    """Write encoder.onnx, the step's three variants and weights.bin, which all share.

    `observing` adds the outputs that calibration reads. Returns the files' names.
    """
    encoder_layers = network.num_encoder_layers + network.num_semantic_encoder_layers
    total = encoder_layers + len(STEPS) * network.num_decoder_layers
    done = count(1)

    def tick() -> None:
        progress(next(done), total)

    with closing(WeightFile(folder / "weights.bin")) as weights:

        def layers() -> LinearLayers:
            return LinearLayers(OnnxGraph(weights), quantiser, observing)

        EncoderGraph(network, layers(), tick).write(folder / "encoder.onnx")
        for name, gives in STEPS.items():
            StepGraph(network, layers(), tick).write(folder / name, gives)
    return ["encoder.onnx", *STEPS, "weights.bin"]
