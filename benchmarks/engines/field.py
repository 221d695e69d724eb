"""Who takes part: engines by their names, and what each holds in memory and on disk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engines import models
from benchmarks.engines.race import PEER, Cell
from benchmarks.engines.runners import CTranslate2, Ours, Runner, optimum_int8, torch_float32
from pipeline.bundle import Bundle
from pipeline.errors import UserError
from quantize.judge.speed import high_water
from quantize.progress import Report, no_report

OURS, OPTIMUM, TORCH, GRAPHS = "csanmt-serve", "optimum-int8", "torch-fp32", "optimum-int8-graphs"


@dataclass(frozen=True)
class Entrant:
    """An engine on one model's weights; `folder` holds its files."""

    engine: str
    recipe: str
    folder: Path
    open: Callable[[], Runner]

    @property
    def disk_mb(self) -> float:
        kept = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".md"]
        return sum(path.stat().st_size for path in kept if "source" not in path.parent.parts[-1:]) / 1e6


def entrants(
    model: str, recipes: Sequence[str], peers: Sequence[str], work: Path, report: Report
) -> dict[str, Entrant]:
    """By the names of rows. Makes in `work` what is not there; raises UserError for a peer that cannot run it."""
    work.mkdir(parents=True, exist_ok=True)
    if model == models.DEFAULT:
        bundles = {str(bundle.manifest.recipe["name"]): bundle for bundle in [models.default_bundle()]}
    else:
        bundles = models.bundles(model, list(recipes), work, report)
    field = {f"{OURS} {name}": _ours(name, bundle) for name, bundle in bundles.items()}
    for peer in peers:
        field[peer] = _peer(peer, model, work, bundles, report)
    return field


def _ours(recipe: str, bundle: Bundle) -> Entrant:
    return Entrant(OURS, recipe, bundle.path, lambda: Ours(bundle))


def _peer(peer: str, model: str, work: Path, bundles: Mapping[str, Bundle], report: Report) -> Entrant:
    report(f"{model}: {peer}")
    if peer == GRAPHS:
        from benchmarks.engines.graphs import optimum_graphs

        if "fp32" not in bundles:
            raise UserError(f"{GRAPHS} quantises the float32 graphs: add fp32 to --recipes")
        return _ours(GRAPHS, optimum_graphs(bundles["fp32"], work / GRAPHS, report))
    if model not in models.MARIAN:
        raise UserError(f"{peer} runs Marian models only, not {model}: leave it out of --peers")
    source = models.marian(model, work)
    openers: dict[str, Callable[[], Runner]] = {
        PEER: lambda: CTranslate2(source, work / PEER),
        OPTIMUM: lambda: optimum_int8(source, work / OPTIMUM),
        TORCH: lambda: torch_float32(source),
    }
    if peer not in openers:
        raise UserError(f"no engine {peer}: choose of {', '.join([*openers, GRAPHS])}")
    return Entrant(peer, "int8" if peer != TORCH else "fp32", source if peer == TORCH else work / peer, openers[peer])


def peak_memory_mb(model: str, name: str, recipes: Sequence[str], cell: Cell, work: Path) -> float:
    """Largest resident size of a process that opens the engine and translates the cell's work twice."""
    task = [model, name, ",".join(recipes), *map(str, (cell.batch, cell.beam, cell.source, cell.target)), str(work)]
    command = [sys.executable, "-m", "benchmarks.engines.field", *task]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]) / 1e6


def _main(model: str, name: str, recipes: str, *rest: str) -> None:
    cell, work = Cell(*map(int, rest[:4])), Path(rest[4])
    peers = [] if name.startswith(OURS) else [name]
    run = entrants(model, recipes.split(","), peers, work, no_report)[name].open()
    sources = models.sources(model, cell.batch, cell.source)
    for _ in range(2):
        run(sources, cell.beam, [cell.target] * cell.batch)
    print(high_water())


if __name__ == "__main__":
    _main(*sys.argv[1:])
