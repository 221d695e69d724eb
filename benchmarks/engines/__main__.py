"""Time and memory of this engine beside others, on the same weights and the same work, one thread
each.

Random weights of real sizes: every sentence is decoded to the given length by every engine. Engines
take turns in one process, and ratios are of CPU time within a round. Writes results.json and
results.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.engines import inflight, models
from benchmarks.engines.field import GRAPHS, OURS, Entrant, entrants
from benchmarks.engines.memory import peak_mb
from benchmarks.engines.race import Cell, Timing, race
from benchmarks.engines.report import Row, draw, table, write_json
from benchmarks.engines.runners import OPTIMUM, PEER, TORCH
from pipeline.bundle import Bundle
from pipeline.errors import UserError

QUICK = [*(Cell(batch, 1) for batch in (1, 4, 16, 32)), *(Cell(batch, 4) for batch in (1, 4, 16))]
LONG = [*(Cell(batch, beam, 96, 96) for beam in (1, 4) for batch in (1, 16))]
TEXT = [Cell(batch, beam, 0, 200) for beam in (1, 4) for batch in (1, 4, 16, 32)]
LARGE = [Cell(1, 4, 26, 26), Cell(4, 4, 26, 26)]
REMEMBERED = (Cell(1, 1), Cell(32, 1), LARGE[0])  # where memory is measured, in a process an engine


class Bench:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.options, self.console = arguments, Console(stderr=True)

    def say(self, text: str) -> None:
        self.console.print(f"… {text}", highlight=False)

    def rows(self, model: str) -> Iterator[Row]:
        options = self.options
        work = options.work / model
        recipes, peers = self.taking_part(model)
        field = entrants(model, recipes, peers, work, self.say)
        runners = {name: entrant.open() for name, entrant in field.items()}
        for cell in self.cells(model):
            self.say(f"{model}: {cell.batch} at once, beam {cell.beam}, {lengths(model, cell)}")
            sources = models.sources(model, cell.batch, cell.source)
            for name, found in race(runners, sources, cell, options.rounds).items():
                peak = None
                if cell in REMEMBERED and not options.no_memory:
                    entrant = field[name]
                    task = (
                        entrant.engine,
                        entrant.folder,
                        entrant.source,
                        sources,
                        cell.beam,
                        cell.target,
                    )
                    peak = peak_mb(*task)
                yield row(model, field[name], cell, found, peak)
        del runners
        if model in models.MARIAN:
            yield from self.mixed(model, field)

    def taking_part(self, model: str) -> tuple[list[str], list[str]]:
        asked = self.options.recipes.split(",") if self.options.recipes else None
        if model in models.MARIAN:
            return asked or ["static-63", "row-63"], self.options.peers.split(
                ","
            ) if self.options.peers else []
        recipes = asked or ["static-63", "row-63", "row-127", "fp32"]
        return recipes, [GRAPHS] if model in models.CSANMT and "fp32" in recipes else []

    def cells(self, model: str) -> list[Cell]:
        if model == models.DEFAULT:
            return TEXT
        if model in models.CSANMT:
            return LARGE
        return QUICK if self.options.quick else [*QUICK, Cell(32, 4), *LONG]

    def mixed(self, model: str, field: dict[str, Entrant]) -> Iterator[Row]:
        name, entrant = next(iter(field.items()))
        self.say(f"{model}: mixed lengths, {name}")
        bundle = Bundle.load(entrant.folder)
        for policy, found in inflight.compare(model, bundle, self.options.rounds).items():
            yield Row(
                *(model, OURS, entrant.recipe, None, 1, f"mixed, {policy}"),
                *(found.cpu_ms, found.cpu_range, found.wall_ms),
                vs_batches=found.ratio,
            )


def lengths(model: str, cell: Cell) -> str:
    return "text" if model == models.DEFAULT else cell.lengths


def row(model: str, entrant: Entrant, cell: Cell, found: Timing, peak: float | None) -> Row:
    return Row(
        *(model, entrant.engine, entrant.recipe, cell.batch, cell.beam, lengths(model, cell)),
        *(found.cpu_ms, found.cpu_range, found.wall_ms),
        vs_ct2_int8=found.ratio,
        vs_ct2_int8_range=(min(found.ratios), max(found.ratios)) if found.ratios else None,
        peak_rss_mb=peak,
        disk_mb=entrant.disk_mb,
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    known = [*models.MARIAN, *models.CSANMT, models.DEFAULT]
    parser.add_argument(
        "--models",
        default="opus-mt",
        help=f"by commas, of {', '.join(known)} (default: %(default)s)",
    )
    parser.add_argument(
        "--recipes", help="of this engine, by commas (default: the usual ones of each model)"
    )
    parser.add_argument(
        "--peers", default=f"{PEER},{OPTIMUM},{TORCH}", help="by commas (default: %(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="short sentences only: ten minutes on two cores"
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="repeats of every cell (default: %(default)s)"
    )
    parser.add_argument(
        "--no-memory",
        action="store_true",
        help="do not start a process an engine for its peak memory",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(".bench"),
        help="folder for models, kept (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("benchmarks"),
        help="folder of results.* (default: %(default)s)",
    )
    bench = Bench(parser.parse_args(argv))
    try:
        if unknown := set(bench.options.models.split(",")) - set(known):
            raise UserError(f"no model {', '.join(unknown)}: choose of {', '.join(known)}")
        rows = [found for model in bench.options.models.split(",") for found in bench.rows(model)]
    except UserError as error:
        print(f"benchmarks.engines: {error}", file=sys.stderr)
        return 2
    write_json(rows, bench.options.out / "results.json")
    draw(rows, bench.options.out / "results.png")
    head, *body = table(rows)
    shown = Table(*head)
    for cells in body:
        shown.add_row(*cells)
    Console(width=160).print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
