"""Time and memory of this engine beside others, on the same weights and the same work.

One thread each. Weights are random, of real sizes: every sentence is decoded to the given length by
every engine. Engines take turns in one process, and ratios are of CPU time within a round. Writes
results.json and results.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.engines import inflight, models
from benchmarks.engines.entrants import (
    OPTIMUM_GRAPHS,
    OURS,
    Entrant,
    make_entrants,
    reference,
    usual_peers,
)
from benchmarks.engines.marian import MARIAN
from benchmarks.engines.measure import Cell, Timing, race
from benchmarks.engines.report import Row, draw, table, write_json
from benchmarks.engines.runners import Runner, Sources
from benchmarks.engines.shapes import SHAPES
from benchmarks.engines.students import STUDENTS
from benchmarks.engines.work import REMEMBERED, cells
from pipeline.bundle import Bundle
from pipeline.errors import UserError

KNOWN = (*MARIAN, *STUDENTS, *SHAPES, *models.CSANMT, models.DEFAULT)


class Bench:
    """The measurements that the command's options ask for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.console = options, Console(stderr=True)

    def report(self, text: str) -> None:
        """Print a line, beside the results."""
        self.console.print(f"… {text}", highlight=False)

    def rows(self, model: str) -> Iterator[Row]:
        """Every engine's, of all work that the model is tried on."""
        entrants = make_entrants(
            model, self.recipes(model), self.peers(model), self.options.work / model, self.report
        )
        with ExitStack() as opened:
            runners: dict[str, Runner] = {}
            for name, entrant in entrants.items():
                runners[name] = entrant.open()
                opened.callback(runners[name].close)
            for cell in cells(model, self.options.quick):
                yield from self.cell_rows(model, entrants, runners, cell)
        if model in MARIAN:
            yield from self.mixed_rows(model, entrants)

    def cell_rows(
        self,
        model: str,
        entrants: Mapping[str, Entrant],
        runners: Mapping[str, Runner],
        cell: Cell,
    ) -> Iterator[Row]:
        """Every engine's, of one kind of work."""
        lengths = cell.lengths if cell.forced else "text"
        self.report(f"{model}: {cell.batch} at once, beam {cell.beam}, {lengths}")
        sources = models.sources(model, cell.batch, cell.source)
        timings = race(runners, sources, cell, self.options.rounds, reference(model))
        for name, found in timings.items():
            peak = self.peak(entrants[name], sources, cell)
            yield make_row(model, entrants[name], cell, lengths, found, peak)

    def recipes(self, model: str) -> list[str]:
        """Those of our engine that take part."""
        if self.options.recipes:
            return list(self.options.recipes.split(","))
        if model in MARIAN:
            return ["static-63", "row-63"]
        if model in STUDENTS or model in SHAPES:
            return ["static-63", "row-127"]
        return ["static-63", "row-63", "row-127", "fp32"]

    def peers(self, model: str) -> list[str]:
        """The other engines that take part."""
        if model in models.CSANMT:
            return [OPTIMUM_GRAPHS] if "fp32" in self.recipes(model) else []
        if self.options.peers is None or model == models.DEFAULT:
            return list(usual_peers(model))
        return list(filter(None, self.options.peers.split(",")))

    def peak(self, entrant: Entrant, sources: Sources, cell: Cell) -> float | None:
        """The engine's peak memory in MB, where it is measured."""
        if cell not in REMEMBERED or self.options.no_memory:
            return None
        return entrant.peak_mb(sources, cell)

    def mixed_rows(self, model: str, entrants: Mapping[str, Entrant]) -> Iterator[Row]:
        """Our engine's on sentences of mixed lengths."""
        name, entrant = next(iter(entrants.items()))
        self.report(f"{model}: mixed lengths, {name}")
        bundle = Bundle.load(entrant.folder)
        for policy, found in inflight.compare(model, bundle, self.options.rounds).items():
            yield Row(
                model=model,
                engine=OURS,
                recipe=entrant.recipe,
                batch=None,
                beam=1,
                lengths=f"mixed, {policy}",
                cpu_ms=found.cpu_ms,
                cpu_ms_range=found.cpu_range,
                wall_ms=found.wall_ms,
                vs_batches=found.ratio,
            )


def make_row(
    model: str, entrant: Entrant, cell: Cell, lengths: str, found: Timing, peak: float | None
) -> Row:
    """One engine's figures of one kind of work."""
    return Row(
        model=model,
        engine=entrant.engine,
        recipe=entrant.recipe,
        batch=cell.batch,
        beam=cell.beam,
        lengths=lengths,
        cpu_ms=found.cpu_ms,
        cpu_ms_range=found.cpu_range,
        wall_ms=found.wall_ms,
        peer=reference(model) if found.ratios else None,
        vs_peer=found.ratio,
        vs_peer_range=(min(found.ratios), max(found.ratios)) if found.ratios else None,
        peak_rss_mb=peak,
        disk_mb=entrant.disk_mb,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    default = "(default: %(default)s)"
    parser.add_argument(
        "--models", default="opus-mt", help=f"by commas, of {', '.join(KNOWN)} {default}"
    )
    parser.add_argument(
        "--recipes", help="of this engine, by commas (default: the usual ones of each model)"
    )
    parser.add_argument("--peers", help="by commas (default: the engines that can run each model)")
    parser.add_argument(
        "--quick", action="store_true", help="short sentences only: ten minutes on two cores"
    )
    parser.add_argument("--rounds", type=int, default=5, help=f"repeats of every cell {default}")
    parser.add_argument(
        "--no-memory",
        action="store_true",
        help="do not start a process an engine for its peak memory",
    )
    parser.add_argument(
        "--work", type=Path, default=Path(".bench"), help=f"folder for models, kept {default}"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("benchmarks"), help=f"folder of results.* {default}"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measure, write the results and print them; returns the exit status."""
    bench = Bench(_parser().parse_args(argv))
    requested = bench.options.models.split(",")
    try:
        if unknown := set(requested) - set(KNOWN):
            raise UserError(f"no model {', '.join(unknown)}: choose of {', '.join(KNOWN)}")
        if bench.options.out.exists() and not bench.options.out.is_dir():
            raise UserError(f"{bench.options.out} is a file: name a folder for the results")
        bench.options.out.mkdir(parents=True, exist_ok=True)
        rows = [row for model in requested for row in bench.rows(model)]
    except UserError as error:
        print(f"benchmarks.engines: {error}", file=sys.stderr)
        return 2
    write_json(rows, bench.options.out / "results.json")
    draw(rows, bench.options.out / "results.png")
    head, *body = table(rows)
    shown = Table(*head)
    for line in body:
        shown.add_row(*line)
    Console(width=160).print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
