"""Short requests that come at about the same time share their handle calls.

A handle call costs Ray Serve nearly the same for one item as for many. An item that finds no call
under way is sent at once; those that come while one is are sent together, in the next. That one
waits for the answer to the one before it, but no longer than a few milliseconds an item under way,
which is little beside what so many take to be translated: nobody is held up by a slow replica, or a
dead one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextvars import Context
from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.config import MicroBatches

Waiting = tuple[Any, "asyncio.Future[Any]"]  # an item, and the answer to it


class Gathered:
    """A deployment's method that takes many items and returns as many answers.

    For one event loop.
    """

    def __init__(self, method: DeploymentHandle[Any], settings: MicroBatches) -> None:
        # What travels are plain values: pickle does it in half of the time that cloudpickle takes.
        self.method = method.options(
            request_serialization="pickle", response_serialization="pickle"
        )
        self.settings = settings
        self.under_way = 0  # items in shared calls
        self.waiting: deque[Waiting] = deque()
        self.calls: set[asyncio.Task[None]] = set()
        self.sender: asyncio.Task[None] | None = None

    async def alone(self, item: Any) -> Any:
        """The answer to one item, in a call of its own. Cancelling it cancels the call."""
        response: Any = self.method.remote([item])
        try:
            (answer,) = await response
        except asyncio.CancelledError:
            response.cancel()
            raise
        return answer

    async def together(self, item: Any) -> Any:
        """The answer to one item, in a call with others that wait now.

        If the call fails, all of them raise what it raised. Cancelling this leaves the others their
        call; once nobody waits for any of its answers, it is cancelled.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiting.append((item, answer))
        if self.sender is None:
            # In no request's context: Serve would cancel the call with the request that happened to
            # come first.
            self.sender = asyncio.get_running_loop().create_task(self.send(), context=Context())
        return await answer

    async def send(self) -> None:
        """Calls, one after another, until nothing waits."""
        while batch := list(self.next()):
            self.under_way += len(batch)
            call = asyncio.create_task(self.call(batch))
            self.calls.add(call)
            call.add_done_callback(self.calls.discard)
            await asyncio.wait({call}, timeout=self.settings.pause_s * self.under_way)
        self.sender = None

    def next(self) -> Iterator[Waiting]:
        """The items of the next call, without those that nobody waits for any more."""
        for _ in range(self.settings.texts):
            while self.waiting and self.waiting[0][1].done():
                self.waiting.popleft()
            if self.waiting:
                yield self.waiting.popleft()

    async def call(self, batch: list[Waiting]) -> None:
        answers = [answer for _, answer in batch]
        try:
            response: Any = self.method.remote([item for item, _ in batch])

            def left(_: asyncio.Future[Any]) -> None:
                if all(answer.cancelled() for answer in answers):
                    response.cancel()

            for answer in answers:
                answer.add_done_callback(left)
            for answer, value in zip(answers, await response, strict=True):
                if not answer.done():
                    answer.set_result(value)
        except Exception as error:
            for answer in answers:
                if not answer.done():
                    answer.set_exception(error)
        finally:
            self.under_way -= len(batch)
