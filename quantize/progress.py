"""How work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]  # what is done, of how much
Show = Callable[[str, int, int], None]  # the same of a named stage
Report = Callable[[str], None]  # a line of text


def no_progress(done: int, total: int) -> None:
    """Nothing shown."""


def no_show(stage: str, done: int, total: int) -> None:
    """Nothing shown."""


def no_report(text: str) -> None:
    """Nothing said."""
