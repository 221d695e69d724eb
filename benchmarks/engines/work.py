"""The work that each model is tried on."""

from __future__ import annotations

from benchmarks.engines import models
from benchmarks.engines.measure import Cell
from benchmarks.engines.shapes import SHAPES
from benchmarks.engines.students import STUDENTS

QUICK = [*(Cell(batch, 1) for batch in (1, 4, 16, 32)), *(Cell(batch, 4) for batch in (1, 4, 16))]
LONG = [Cell(batch, beam, 96, 96) for beam in (1, 4) for batch in (1, 16)]
TEXT = [Cell(batch, beam, 0, 200) for beam in (1, 4) for batch in (1, 4, 16, 32)]
GREEDY = [Cell(batch, 1) for batch in (1, 8, 32)]
BEAM = [Cell(batch, 4) for batch in (1, 8, 32)]
LARGE = [Cell(1, 4, 26, 26), Cell(4, 4, 26, 26)]
# Where memory is measured, in a process an engine.
REMEMBERED = (Cell(1, 1), Cell(32, 1), LARGE[0])


def cells(model: str, quick: bool) -> list[Cell]:
    """The work that the model is tried on; `quick`: short sentences only."""
    if model == models.DEFAULT:
        return TEXT
    if model in models.CSANMT:
        return LARGE
    if model in STUDENTS:  # Firefox has no beams
        return GREEDY if quick else [*GREEDY, *(c for c in LONG if c.beam == 1)]
    if model in SHAPES:
        return GREEDY if quick else [*GREEDY, *BEAM]
    return QUICK if quick else [*QUICK, Cell(32, 4), *LONG]
