"""From a source to a bundle: graphs, tokenizer, canary, manifest."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import yaml

from pipeline.bundle import CONTRACT, Bundle, Canary, Dimensions, FileEntry, Manifest, sha256
from pipeline.errors import UserError
from quantize import canary
from quantize.graphs import write_graphs
from quantize.progress import Report, silent
from quantize.recipes import Recipe
from quantize.sources.base import Source


def build(source: Source, recipe: Recipe, out: Path, report: Report = silent) -> Bundle:
    """Write the bundle into `out` and return it verified; raises UserError for a bad source or place.

    Files are made in a folder beside it and moved at the end, so an interrupted build leaves `out` as it
    was. What `out` holds beside a bundle's own files (README.md, source/) stays.
    """
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


def _write(source: Source, recipe: Recipe, folder: Path, name: str, report: Report) -> None:
    files = write_graphs(source.network, recipe, folder, report)
    for file, path in source.files.items():
        shutil.copyfile(path, folder / file)
        files.append(file)
    manifest = _manifest(source, recipe, name, folder, files)
    pairs, tolerance = canary.choose(source, recipe, Bundle(folder, manifest), report)
    (folder / manifest.canary.file).write_text(pairs.model_dump_json(indent=1), encoding="utf-8")
    manifest = _manifest(source, recipe, name, folder, [*files, manifest.canary.file], tolerance)
    text = yaml.safe_dump(manifest.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (folder / "model.yaml").write_text(text, encoding="utf-8")


def _manifest(
    source: Source, recipe: Recipe, name: str, folder: Path, files: list[str], tolerance: float = 1.0
) -> Manifest:
    network = source.network
    return Manifest(
        contract=CONTRACT,
        name=name,
        family=network.family,
        languages=source.languages,
        tokenizer=source.tokenizer,
        dimensions=Dimensions(
            hidden_size=network.hidden_size,
            num_heads=network.decoder_heads,
            head_size=network.head_size,
            num_decoder_layers=network.num_decoder_layers,
            source_vocab_size=network.source_vocab_size,
            target_vocab_size=network.target_vocab_size,
            max_positions=network.max_positions,
            semantic_bias=network.semantic,
        ),
        decoding=source.decoding,
        canary=Canary(file="canary.json", tolerance=tolerance),
        recipe=recipe.model_dump(),
        versions={package: version(package) for package in ("numpy", "onnx", "onnxruntime")},
        licence=source.about.licence,
        provenance=source.about.provenance,
        files={file: FileEntry(sha256=sha256(folder / file), size=(folder / file).stat().st_size) for file in files},
    )
