"""Who takes part: engines by their names, and what each holds on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.engines import models
from benchmarks.engines.runners import OPTIMUM, PEER, TORCH, Ours, Runner, peer
from pipeline.bundle import Bundle, read_manifest
from pipeline.errors import UserError
from quantize.progress import Report

OURS, GRAPHS = "csanmt-serve", "optimum-int8-graphs"


@dataclass(frozen=True)
class Entrant:
    """An engine on one model's weights.

    `folder` holds its files, `source` a peer's Marian model.
    """

    engine: str
    recipe: str
    folder: Path
    source: Path | None
    open: Callable[[], Runner]

    @property
    def disk_mb(self) -> float:
        """Of what it reads to translate."""
        if self.source is None:
            return sum(entry.size for entry in read_manifest(self.folder).files.values()) / 1e6
        folder = self.source if self.engine == TORCH else self.folder
        return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def entrants(
    model: str, recipes: Sequence[str], peers: Sequence[str], work: Path, report: Report
) -> dict[str, Entrant]:
    """By the names of rows. Makes in `work` what is not there.

    Raises UserError for a peer that cannot run it.
    """
    work.mkdir(parents=True, exist_ok=True)
    if model == models.DEFAULT:
        default = models.default_bundle()
        bundles = {str(default.manifest.recipe["name"]): default}
    else:
        bundles = models.bundles(model, list(recipes), work, report)
    field = {f"{OURS} {name}": _ours(OURS, name, bundle) for name, bundle in bundles.items()}
    for name in peers:
        report(f"{model}: {name}")
        field[name] = _graphs(bundles, work, report) if name == GRAPHS else _peer(name, model, work)
    return field


def _ours(engine: str, recipe: str, bundle: Bundle) -> Entrant:
    return Entrant(engine, recipe, bundle.path, None, lambda: Ours(bundle))


def _graphs(bundles: Mapping[str, Bundle], work: Path, report: Report) -> Entrant:
    from benchmarks.engines.graphs import optimum_graphs

    if "fp32" not in bundles:
        raise UserError(f"{GRAPHS} quantises the float32 graphs: add fp32 to --recipes")
    return _ours(GRAPHS, "int8", optimum_graphs(bundles["fp32"], work / GRAPHS, report))


def _peer(name: str, model: str, work: Path) -> Entrant:
    known = PEER, OPTIMUM, TORCH
    if name not in known:
        raise UserError(f"no engine {name}: choose of {', '.join(known)}")
    source, folder = models.marian(model, work), work / name
    return Entrant(
        name,
        "fp32" if name == TORCH else "int8",
        folder,
        source,
        partial(peer, name, source, folder),
    )
