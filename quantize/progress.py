"""How work shows how far it is, and the terminal's bars that show it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

Progress = Callable[[int, int], None]  # what is done, of how much
Show = Callable[[str, int, int], None]  # the same of a named stage
Report = Callable[[str], None]  # a line of text
ALL_RECIPES = "recipes"  # the stage whose bar stays beside that of the stage at hand


def no_progress(done: int, total: int) -> None:
    """Show nothing."""


def no_show(stage: str, done: int, total: int) -> None:
    """Show nothing."""


def no_report(text: str) -> None:
    """Say nothing."""


class Bars:
    """One bar in the terminal for all recipes, one for the stage at hand.

    They begin with the first stage: what libraries show of downloads before it stays to be seen.
    """

    def __init__(self) -> None:
        from rich.progress import (  # commands alone need it
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns: tuple[Any, ...] = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bars = Progress(*columns)
        self._stages: dict[str, Any] = {}  # their bars' ids

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def report(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(f"… {text}", highlight=False)

    def show(self, stage: str, done: int, total: int) -> None:
        """Move the stage's bar; a new stage takes the place of the one before."""
        if stage not in self._stages:
            self._bars.start()
            for name in [name for name in self._stages if name != ALL_RECIPES]:
                self._bars.remove_task(self._stages.pop(name))
            self._stages[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._stages[stage], completed=done, total=total)
