"""Progress of a long step: `with report("graphs", 40) as tick:` and a `tick()` for each part done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

Tick = Callable[[], None]
Report = Callable[[str, int], AbstractContextManager[Tick]]


@contextmanager
def silent(name: str, parts: int) -> Iterator[Tick]:  # noqa: ARG001
    yield lambda: None


@contextmanager
def bars(name: str, parts: int) -> Iterator[Tick]:
    """A bar on the terminal; where there is none, a line at the end."""
    console, began = Console(stderr=True), time.monotonic()
    columns = TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.completed}/{task.total}")
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=parts)
        yield lambda: progress.advance(task)
    if not console.is_terminal:
        console.print(f"{name}: {time.monotonic() - began:.0f} s")
