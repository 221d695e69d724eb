"""Drafts: bundles of one source that have no canary and no verdict yet."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path

from pipeline.bundle import CONTRACT, Bundle, Canary, Dimensions, Manifest
from pipeline.config import DEFAULT_MODEL, home
from quantize.bundles.publish import file_entry
from quantize.graphs import write_graphs
from quantize.int8.calibration import calibrate
from quantize.int8.observations import Observations
from quantize.int8.recipes import Recipe, load_recipe
from quantize.int8.rounding import Quantiser
from quantize.progress import Report, Show, no_report, no_show
from quantize.sentences import read_lines
from quantize.sources.base import Source

RANGES = "calibration.json"
LIBRARIES = ("numpy", "onnx", "onnxruntime")  # whose versions the manifest states


class Drafts:
    """Writes drafts of any recipe; the float32 reference and the calibration are made once."""

    def __init__(
        self,
        source: Source,
        folder: Path,
        *,
        lines: Sequence[str] | None = None,
        report: Report = no_report,
        show: Show = no_show,
    ) -> None:
        """`folder` keeps what recipes share. `lines` are the calibration text.

        Without them it is the source's own, else the default model's.
        """
        self.source, self.folder, self.report, self.show = source, folder, report, show
        if lines is None:
            lines = source.calibration or _default_lines(source)
        self.lines = tuple(lines)

    @cached_property
    def reference(self) -> Bundle:
        """The float32 draft that recipes are judged against."""
        return self.write(load_recipe("fp32"), self._new_folder("reference"))

    @cached_property
    def observations(self) -> Observations:
        """What calibration found; an earlier run's, where `folder` has it."""
        kept = self.folder / "observations.npz"
        if not kept.exists():
            self.report("calibration: the float32 model translates the calibration text")
            found = self._calibrate()
            unfinished = kept.with_name("unfinished.npz")
            found.save(unfinished)
            unfinished.replace(kept)
        return Observations.load(kept)

    def _calibrate(self) -> Observations:
        folder = self._new_folder("observing")
        bundle = self._write(Quantiser(load_recipe("fp32")), folder, observing=True)
        progress = partial(self.show, "calibration")
        found = calibrate(bundle, self.lines, warn=self._warn, progress=progress)
        shutil.rmtree(folder)
        return found

    def write(self, recipe: Recipe, folder: Path) -> Bundle:
        """Write graphs, weights and vocabularies into an empty `folder`."""
        observations = self.observations if recipe.calibrated else None
        return self._write(Quantiser(recipe, observations), folder)

    def _write(self, quantiser: Quantiser, folder: Path, observing: bool = False) -> Bundle:
        recipe, progress = quantiser.recipe, partial(self.show, "graphs")
        network = self.source.network
        files = write_graphs(network, quantiser, folder, observing=observing, progress=progress)
        for name, path in self.source.files.items():
            shutil.copyfile(path, folder / name)
            files.append(name)
        for name, content in self.source.made.items():
            (folder / name).write_bytes(content)
            files.append(name)
        if recipe.calibrated:
            quantiser.observations.write_ranges(folder / RANGES, recipe.percentile)
            files.append(RANGES)
        return Bundle(folder, self._manifest(recipe, folder, files))

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
                decoder=network.decoder,
            ),
            decoding=source.decoding,
            canary=Canary(file="canary.json", tolerance=1.0),
            recipe=recipe.model_dump(),
            versions={library: version(library) for library in LIBRARIES},
            licence=source.about.licence,
            provenance=source.about.provenance,
            files={name: file_entry(folder / name) for name in files},
        )

    def _new_folder(self, name: str) -> Path:
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
