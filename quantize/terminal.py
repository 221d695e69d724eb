"""Work as the terminal shows it: bars while it runs, a table at its end."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from quantize.judge.results import Result

WIDE = 170  # columns of a terminal that has room for the whole table
ESSENTIAL = ("recipe", "speed", "ΔBLEU (95 %)", "|Δ log p|", "gate")


class Bars:
    """One bar for all recipes, one for the stage at hand."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns)
        self._stages: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def report(self, text: str) -> None:
        self._progress.console.print(f"… {text}", highlight=False)

    def show(self, stage: str, done: int, total: int) -> None:
        if stage not in self._stages:
            for name in [name for name in self._stages if name != "recipes"]:
                self._progress.remove_task(self._stages.pop(name))
            self._stages[stage] = self._progress.add_task(stage, total=total)
        self._progress.update(self._stages[stage], completed=done, total=total)


def show_table(winner: str, results: Mapping[str, Result]) -> None:
    from quantize.judge.report import cpu_name, table_rows, verdict

    console = Console()
    head, rows = table_rows(results)
    shown = [i for i, name in enumerate(head) if console.width >= WIDE or name in ESSENTIAL]
    table = Table(*(head[i] for i in shown), title=f"on {cpu_name()}")
    for row in rows:
        table.add_row(*(row[i] for i in shown), style="bold" if row[0] == winner else None)
    console.print(table)
    console.print(verdict(winner, results).replace("**", ""), highlight=False)
