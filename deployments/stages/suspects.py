"""Who it was, when a replica dies.

All that a replica had at its death are suspects. Each is asked again in a call of its own, and a
replica takes one suspect at a time: at a second death it is clear whose fault it was, and nobody
else is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Protocol, TypeVar

from deployments.stages.messages import ONE_SUSPECT, Refusal

Answer = TypeVar("Answer")


class Suspectable(Protocol):
    """An item of a call."""

    @property
    def suspect(self) -> bool:
        """Whether a replica died that had it."""
        ...


Item = TypeVar("Item", bound=Suspectable)
Stage = TypeVar("Stage")
Method = Callable[[Stage, Sequence[Item]], Coroutine[Any, Any, Sequence[Answer | Refusal]]]


def one_suspect(method: Method[Stage, Item, Answer]) -> Method[Stage, Item, Answer]:
    """A stage's method that sends other suspects away while it has one; they come again."""
    held: set[int] = set()  # stages that have one

    @wraps(method)
    async def guarded(stage: Stage, items: Sequence[Item]) -> Sequence[Answer | Refusal]:
        if not any(item.suspect for item in items):
            return await method(stage, items)
        if id(stage) in held:
            return [Refusal(ONE_SUSPECT)] * len(items)
        held.add(id(stage))
        try:
            return await method(stage, items)
        finally:
            held.discard(id(stage))

    return guarded
