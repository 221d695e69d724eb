"""From a source folder to a bundle: graphs, tokenizer, canary, manifest."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.bundle import CONTRACT, Bundle, Manifest, sha256
from pipeline.canary import CanaryFile, Pair
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.preprocess import Preprocessor
from pipeline.scoring import forced_logprobs
from pipeline.session import Sessions
from quantize.graphs import write_graphs
from quantize.recipes import Recipe, load_recipe
from quantize.sources.training import TrainedSource, load

CANARY_PAIRS = 20
FP32_TOLERANCE = 1e-3
DECODING = {"beam_size": 4, "length_penalty": 0.6, "max_length": 200, "length_ratio": 2.0, "length_margin": 16}
DECODING |= {"end_id": 0, "max_source_length": 96}
Report = Callable[[str], None]


def build(source_folder: Path, recipe: Recipe, out: Path, report: Report = lambda _: None) -> Bundle:
    """Write the bundle into `out` and return it verified; raises UserError for a bad source or place.

    Files are made in a folder beside it and moved at the end, so an interrupted build leaves `out` as it
    was. What `out` holds beside a bundle's own files (README.md, source/) stays.
    """
    source = load(source_folder)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for the bundle")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        folder = Path(scratch)
        _write(source, recipe, folder, name=out.name, report=report)
        out.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.replace(out / path.name)
    return Bundle.load(out)


def _write(source: TrainedSource, recipe: Recipe, folder: Path, name: str, report: Report) -> None:
    report(f"graphs with recipe {recipe.name}")
    files = write_graphs(source.network, recipe, folder)
    for vocabulary in ("source.spm", "target.spm"):
        shutil.copyfile(source.folder / vocabulary, folder / vocabulary)
        files.append(vocabulary)
    manifest = _manifest(source, recipe, name, folder, files)
    report(f"canary of {CANARY_PAIRS} sentences")
    pairs, tolerance = _canary(source, recipe, Bundle(folder, manifest))
    (folder / "canary.json").write_text(CanaryFile(pairs=pairs).model_dump_json(indent=1), encoding="utf-8")
    manifest = _manifest(source, recipe, name, folder, [*files, "canary.json"], tolerance)
    text = yaml.safe_dump(manifest.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (folder / "model.yaml").write_text(text, encoding="utf-8")


def _manifest(
    source: TrainedSource, recipe: Recipe, name: str, folder: Path, files: list[str], tolerance: float = 1.0
) -> Manifest:
    network = source.network
    described: dict[str, Any] = {
        "contract": CONTRACT,
        "name": name,
        "family": "csanmt",
        "languages": {"source": "zh", "target": "en"},
        "tokenizer": {"kind": "sentencepiece", "source": "source.spm", "target": "target.spm", "unknown_id": 1}
        | {"mask_symbols": tuple(f"⟦{i}⟧" for i in range(8))},
        "dimensions": {
            "hidden_size": network.hidden_size,
            "num_heads": network.num_heads,
            "head_size": network.head_size,
            "num_decoder_layers": network.num_decoder_layers,
            "target_vocab_size": network.target_vocab_size,
        },
        "decoding": DECODING,
        "canary": {"file": "canary.json", "tolerance": tolerance},
        "recipe": recipe.model_dump(),
        "versions": {package: version(package) for package in ("numpy", "onnx", "onnxruntime")},
        "licence": source.about.licence,
        "provenance": source.about.provenance,
        "files": {file: {"sha256": sha256(folder / file), "size": (folder / file).stat().st_size} for file in files},
    }
    return Manifest.model_validate(described)


def _canary(source: TrainedSource, recipe: Recipe, bundle: Bundle) -> tuple[tuple[Pair, ...], float]:
    """Pairs spread over the calibration text, and the tolerance their log-probabilities are held to.

    For INT8 it is twice the largest difference from float32, so that it holds on every kind of CPU.
    """
    sources = _canary_sources(source, bundle)
    engine = Engine.load(bundle)
    try:
        targets = [engine.submit(ids).result()[0].ids for ids in sources]
    finally:
        engine.close()
    scores = forced_logprobs(engine.sessions, sources, targets)
    pairs = tuple(
        Pair(source=tuple(s), target=t, logprobs=tuple(np.round(p.astype(float), 6).tolist()))
        for s, t, p in zip(sources, targets, scores, strict=True)
    )
    if recipe.weights == "fp32":
        return pairs, FP32_TOLERANCE
    exact = _fp32_logprobs(source, bundle, sources, targets)
    largest = max(float(np.abs(a - b).max()) for a, b in zip(scores, exact, strict=True))
    return pairs, round(2 * largest, 6)


def _canary_sources(source: TrainedSource, bundle: Bundle) -> list[tuple[int, ...]]:
    preprocess = Preprocessor.load(bundle)
    every = max(1, len(source.calibration) // (2 * CANARY_PAIRS))
    units = [unit.ids for line in source.calibration[::every] for unit in preprocess(line).units if unit.ids]
    if len(units) < CANARY_PAIRS:
        raise UserError(f"{source.folder / 'calibration.txt'}: {len(units)} usable sentences, need {CANARY_PAIRS}")
    return units[:CANARY_PAIRS]


def _fp32_logprobs(
    source: TrainedSource, bundle: Bundle, sources: list[tuple[int, ...]], targets: list[tuple[int, ...]]
) -> list[Any]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = write_graphs(source.network, load_recipe("fp32"), folder)
        listed = bundle.manifest.model_copy(update={"files": dict.fromkeys(files)})
        return forced_logprobs(Sessions(Bundle(folder, listed)), sources, targets)
