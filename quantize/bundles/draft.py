"""A source on its way to bundles: the float32 reference and the observations are made once, recipes
draw on them.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.bundle import CONTRACT, Bundle, Canary, Dimensions, FileEntry, Manifest, sha256
from pipeline.config import DEFAULT_MODEL, home
from quantize.corpus import read_lines
from quantize.graphs import write_graphs
from quantize.int8.calibration import calibrate
from quantize.int8.observations import Observations
from quantize.int8.plan import Plan
from quantize.int8.recipes import Recipe, load_recipe
from quantize.progress import Report, Show, no_report, no_show
from quantize.sources.base import Source


class Workshop:
    """`folder` keeps what is made.

    `lines` are the calibration text (a user's, the source's own or the default's).
    """

    def __init__(
        self,
        source: Source,
        folder: Path,
        *,
        lines: Sequence[str] | None = None,
        report: Report = no_report,
        show: Show = no_show,
    ) -> None:
        self.source, self.folder, self.report = source, folder, report
        self.lines = (
            tuple(lines) if lines is not None else source.calibration or _default_lines(source)
        )
        self.show = show

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
            found = calibrate(
                bundle, self.lines, warn=self._warn, progress=partial(self.show, "calibration")
            )
            shutil.rmtree(bundle.path)
            unfinished = kept.with_name("unfinished.npz")
            found.save(unfinished)
            unfinished.replace(kept)
        return Observations.load(kept)

    def draft(self, recipe: Recipe, folder: Path) -> Bundle:
        """Graphs, weights and vocabularies in an empty `folder`: a bundle but for its canary."""
        return self._draft(Plan(recipe, self.observations if recipe.calibrated else None), folder)

    def _draft(self, plan: Plan, folder: Path) -> Bundle:
        files = write_graphs(self.source.network, plan, folder, partial(self.show, "graphs"))
        for name, path in self.source.files.items():
            shutil.copyfile(path, folder / name)
            files.append(name)
        if plan.observed is not None:
            self.observations.write_ranges(folder / "calibration.json", plan.recipe.percentile)
            files.append("calibration.json")
        return Bundle(folder, self._manifest(plan.recipe, folder, files))

    def _manifest(self, recipe: Recipe, folder: Path, files: list[str]) -> Manifest:
        source, network = self.source, self.source.network
        return Manifest(
            contract=CONTRACT,
            name=folder.name,
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
            canary=Canary(file="canary.json", tolerance=1.0),
            recipe=recipe.model_dump(),
            versions={package: version(package) for package in ("numpy", "onnx", "onnxruntime")},
            licence=source.about.licence,
            provenance=source.about.provenance,
            files={file: FileEntry.model_validate(entry(folder / file)) for file in files},
        )

    def _fresh(self, name: str) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _warn(self, text: str) -> None:
        self.report(f"warning: {text}")


def _default_lines(source: Source) -> tuple[str, ...]:
    """The default model's calibration text, for Chinese sources that bring none."""
    path = home() / DEFAULT_MODEL / "source" / "calibration.txt"
    if source.languages.source != "zh" or not path.is_file():
        return ()
    return read_lines(path)


def entry(path: Path) -> dict[str, Any]:
    """The file as the manifest lists it."""
    return {"sha256": sha256(path), "size": path.stat().st_size}
