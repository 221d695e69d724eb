"""Where a stage does its work: at once, or beside the event loop where that would take too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

# Characters that take a few milliseconds. A thread costs more than the work on less than that; more
# than that would hold up the other requests, and the health checks.
AT_ONCE = 1000


class Aside:
    """One thread: the interpreter runs one at a time, and more would only crowd the event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)

    async def run(self, work: Callable[[], Result], characters: int) -> Result:
        """What `work` on so many characters gives."""
        if characters <= AT_ONCE:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
