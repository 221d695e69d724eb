"""Who takes part: engines by their names, and what each holds on disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import onnx

from benchmarks.engines import bergamot, measure, models, students
from benchmarks.engines.bergamot import Bergamot
from benchmarks.engines.marian import MARIAN
from benchmarks.engines.runners import (
    OPTIMUM,
    PEER,
    TORCH,
    Ours,
    Runner,
    Sources,
    dynamic_preset,
    open_peer,
)
from benchmarks.engines.shapes import SHAPES
from benchmarks.engines.students import STUDENTS
from pipeline.bundle import Bundle, read_manifest
from pipeline.errors import UserError
from quantize.bundles.publish import file_entry, write_manifest
from quantize.graphs.onnx_graph import FLOAT, value_info
from quantize.progress import Report

OURS, OPTIMUM_GRAPHS = "csanmt-serve", "optimum-int8-graphs"
BERGAMOT, SHORTLIST = "bergamot-int8", "bergamot-int8-shortlist"
GRAPHS = ("encoder.onnx", "step.onnx")


@dataclass(frozen=True)
class Entrant:
    """An engine on one model's weights."""

    engine: str
    recipe: str
    folder: Path  # its files
    source: Path | None  # a peer's model
    open: Callable[[], Runner]

    @property
    def disk_mb(self) -> float:
        """Megabytes of what it reads to translate."""
        if self.source is None:
            return sum(entry.size for entry in read_manifest(self.folder).files.values()) / 1e6
        unread = [students.SHORTLIST] if self.engine == BERGAMOT else []
        paths = [path for path in self.folder.iterdir() if path.name not in unread]
        return sum(path.stat().st_size for path in paths) / 1e6

    def peak_mb(self, sources: Sources, cell: measure.Cell) -> float:
        """Peak memory of a process of its own, which translates the sources twice."""
        if self.engine in (BERGAMOT, SHORTLIST):
            engine = self.open()
            assert isinstance(engine, Bergamot)
            return bergamot.peak_mb(engine, sources, cell.beam, cell.target)
        return measure.peak_mb(
            self.engine, self.folder, self.source, sources, cell.beam, cell.target
        )


def usual_peers(model: str) -> tuple[str, ...]:
    """The other engines that can run a model that is not a CSANMT."""
    if model in STUDENTS:
        return BERGAMOT, SHORTLIST
    if model in SHAPES:
        return (PEER,)
    return (PEER, OPTIMUM, TORCH) if model in MARIAN else ()


def reference(model: str) -> str:
    """The engine that all others are compared with."""
    return BERGAMOT if model in STUDENTS else PEER


def make_entrants(
    model: str, recipes: Sequence[str], peers: Sequence[str], work: Path, report: Report
) -> dict[str, Entrant]:
    """Entrants by the names of rows. Makes in `work` what is not there.

    Raises UserError for a peer that cannot run the model. Bergamot is left out, with a line that
    says why, where its environment cannot be made.
    """
    work.mkdir(parents=True, exist_ok=True)
    if model == models.DEFAULT:
        default = models.default_bundle()
        bundles = {str(default.manifest.recipe["name"]): default}
    else:
        bundles = models.bundles(model, list(recipes), work, report)
    entrants = {f"{OURS} {name}": _ours(OURS, name, bundle) for name, bundle in bundles.items()}
    for name in peers:
        report(f"{model}: {name}")
        if name == OPTIMUM_GRAPHS:
            entrants[name] = _optimum_graphs(bundles, work, report)
        elif name not in usual_peers(model):
            known = ", ".join(usual_peers(model)) or "none"
            raise UserError(f"no engine {name} for {model}: choose of {known}")
        elif name in (BERGAMOT, SHORTLIST):
            entrants |= _bergamot(name, model, work, report)
        else:
            entrants[name] = _peer(name, model, work)
    return entrants


def _ours(engine: str, recipe: str, bundle: Bundle) -> Entrant:
    return Entrant(engine, recipe, bundle.path, None, partial(Ours, bundle))


def _bergamot(name: str, model: str, work: Path, report: Report) -> dict[str, Entrant]:
    try:
        python = bergamot.environment(work.parent / f"bergamot-{bergamot.VERSION}")
    except UserError as error:
        report(f"{model}: without {name}: {error}")
        return {}
    source = models.files(model, work)
    opened = partial(Bergamot, python, source, shortlist=name == SHORTLIST)
    return {name: Entrant(name, "int8", source, source, opened)}


def _peer(name: str, model: str, work: Path) -> Entrant:
    source = models.files(model, work)
    # What these run is in the model's own folder.
    own = name == TORCH or model in SHAPES
    folder, recipe = source if own else work / name, "fp32" if name == TORCH else "int8"
    return Entrant(name, recipe, folder, source, partial(open_peer, name, source, folder))


def _optimum_graphs(bundles: Mapping[str, Bundle], work: Path, report: Report) -> Entrant:
    if "fp32" not in bundles:
        raise UserError(f"{OPTIMUM_GRAPHS} quantises the float32 graphs: add fp32 to --recipes")
    bundle = quantised_by_optimum(bundles["fp32"], work / OPTIMUM_GRAPHS, report)
    return _ours(OPTIMUM_GRAPHS, "int8", bundle)


def quantised_by_optimum(fp32: Bundle, folder: Path, report: Report) -> Bundle:
    """Our float32 graphs after Optimum's `ORTQuantizer`, so that both run in the same engine.

    Its dynamic, per-channel preset takes every product that it finds.
    """
    from optimum.onnxruntime import ORTQuantizer

    if not (folder / "model.yaml").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        for name in GRAPHS:
            report(f"{folder.name}: {name}")
            _add_attention_types(fp32.path / name)
            quantiser = ORTQuantizer.from_pretrained(fp32.path, file_name=name)
            quantiser.quantize(
                save_dir=folder,
                quantization_config=dynamic_preset(),
                file_suffix="",
                use_external_data_format=True,
            )
        files = {path.name: file_entry(path) for path in folder.iterdir() if ".onnx" in path.name}
        update = {"name": folder.name, "recipe": {"name": folder.name}, "files": files}
        write_manifest(folder, fp32.manifest.model_copy(update=update))
    return Bundle(folder, read_manifest(folder))


def _add_attention_types(path: Path) -> None:
    """State the types of attention's outputs, which Optimum's shape inference does not know."""
    model = onnx.load(path, load_external_data=False)
    known = {tensor.name for tensor in model.graph.value_info}
    attended = [node.output[0] for node in model.graph.node if node.op_type.endswith("Attention")]
    for name in attended:
        if name not in known:
            info = value_info(name, FLOAT, f"rows_{name}", 1, f"width_{name}")
            model.graph.value_info.append(info)
    onnx.save(model, path)
