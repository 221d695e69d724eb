"""A source on its way to bundles: the float32 reference and the observations are made once, recipes draw on them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.bundle import CONTRACT, Bundle, Manifest, sha256
from quantize.calibrate import calibrate
from quantize.graphs import write_graphs
from quantize.observations import Observations
from quantize.plan import Plan
from quantize.progress import Progress, Report, no_progress, no_report
from quantize.recipes import Recipe, load_recipe
from quantize.sources.training import TrainedSource

DECODING = {"beam_size": 4, "length_penalty": 0.6, "max_length": 200, "length_ratio": 2.0, "length_margin": 16}
DECODING |= {"end_id": 0, "max_source_length": 96}


class Workshop:
    """`folder` keeps what is made; `lines` are the calibration text (the source's own, or a user's)."""

    def __init__(
        self,
        source: TrainedSource,
        folder: Path,
        *,
        lines: Sequence[str] | None = None,
        report: Report = no_report,
        progress: Progress = no_progress,
    ) -> None:
        self.source, self.folder, self.report = source, folder, report
        self.lines = tuple(lines) if lines is not None else source.calibration
        self._progress = progress

    @cached_property
    def reference(self) -> Bundle:
        """The float32 draft that recipes are judged against."""
        return self.draft(load_recipe("fp32"), self._fresh("reference"))

    @cached_property
    def observations(self) -> Observations:
        """Of one calibration run, which is kept in `folder` for the next time."""
        kept = self.folder / "observations.npz"
        if not kept.exists():
            self.report("calibration: the float32 model translates the calibration text")
            plan = Plan(load_recipe("fp32"), observing=True)
            bundle = self._draft(plan, self._fresh("observing"))
            found = calibrate(bundle, self.lines, warn=self._warn, progress=self._progress)
            shutil.rmtree(bundle.path)
            partial = kept.with_name("partial.npz")
            found.save(partial)
            partial.replace(kept)
        return Observations.load(kept)

    def draft(self, recipe: Recipe, folder: Path) -> Bundle:
        """Graphs, weights and vocabularies in an empty `folder`: a bundle but for its canary."""
        return self._draft(Plan(recipe, self.observations if recipe.calibrated else None), folder)

    def _draft(self, plan: Plan, folder: Path) -> Bundle:
        files = write_graphs(self.source.network, plan, folder)
        for vocabulary in ("source.spm", "target.spm"):
            shutil.copyfile(self.source.folder / vocabulary, folder / vocabulary)
            files.append(vocabulary)
        if plan.observed is not None:
            self.observations.write_ranges(folder / "calibration.json", plan.recipe.percentile)
            files.append("calibration.json")
        return Bundle(folder, self._manifest(plan.recipe, folder, files))

    def _manifest(self, recipe: Recipe, folder: Path, files: list[str]) -> Manifest:
        network = self.source.network
        described: dict[str, Any] = {
            "contract": CONTRACT,
            "name": folder.name,
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
            "canary": {"file": "canary.json", "tolerance": 1.0},
            "recipe": recipe.model_dump(),
            "versions": {package: version(package) for package in ("numpy", "onnx", "onnxruntime")},
            "licence": self.source.about.licence,
            "provenance": self.source.about.provenance,
            "files": {file: entry(folder / file) for file in files},
        }
        return Manifest.model_validate(described)

    def _fresh(self, name: str) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _warn(self, text: str) -> None:
        self.report(f"warning: {text}")


def entry(path: Path) -> dict[str, Any]:
    """The file as the manifest lists it."""
    return {"sha256": sha256(path), "size": path.stat().st_size}
