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
from contextvars import Context
from dataclasses import dataclass
from typing import Generic

from deployments.config import MicroBatches
from deployments.request.handles import Answer, Item, StageCall
from deployments.stages.messages import Refusal


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Item, Answer]):
    item: Item
    answer: asyncio.Future[Answer | Refusal]


class Gathered(Generic[Item, Answer]):
    """A call of a stage that many items may share. For one event loop."""

    def __init__(self, call: StageCall[Item, Answer], settings: MicroBatches) -> None:
        self._call, self._settings = call, settings
        self._under_way = 0  # items in shared calls
        self._waiting: deque[_Waiting[Item, Answer]] = deque()
        self._calls: set[asyncio.Task[None]] = set()
        self._sender: asyncio.Task[None] | None = None
        self.suspects = asyncio.Lock()  # who has it is asked, of those that a replica died of

    async def ask_alone(self, item: Item) -> Answer | Refusal:
        """The answer to one item, in a call of its own. Cancelling it cancels the call."""
        response = self._call([item])
        try:
            (answer,) = await response
        except asyncio.CancelledError:
            response.cancel()
            raise
        return answer

    async def ask_together(self, item: Item) -> Answer | Refusal:
        """The answer to one item, in a call with others that wait now.

        If the call fails, all of them raise what it raised. Cancelling this leaves the others their
        call; once nobody waits for any of its answers, it is cancelled.
        """
        answer: asyncio.Future[Answer | Refusal] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, answer))
        if self._sender is None:
            # In no request's context: Serve would cancel the call with the request that happened to
            # come first.
            send = asyncio.get_running_loop().create_task(self._send(), context=Context())
            self._sender = send
        return await answer

    async def _send(self) -> None:
        """Calls, one after another, until nothing waits."""
        while batch := self._next_batch():
            self._under_way += len(batch)
            call = asyncio.create_task(self._call_with(batch))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
            await asyncio.wait({call}, timeout=self._settings.pause_s * self._under_way)
        self._sender = None

    def _next_batch(self) -> list[_Waiting[Item, Answer]]:
        """Those who wait, the first come first, without those that were cancelled meanwhile."""
        batch: list[_Waiting[Item, Answer]] = []
        while self._waiting and len(batch) < self._settings.texts:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
        return batch

    async def _call_with(self, batch: list[_Waiting[Item, Answer]]) -> None:
        answers = [waiting.answer for waiting in batch]
        try:
            response = self._call([waiting.item for waiting in batch])

            def cancel_if_abandoned(_: asyncio.Future[Answer | Refusal]) -> None:
                if all(answer.cancelled() for answer in answers):
                    response.cancel()

            for answer in answers:
                answer.add_done_callback(cancel_if_abandoned)
            for answer, value in zip(answers, await response, strict=True):
                if not answer.done():
                    answer.set_result(value)
        except Exception as error:
            for answer in answers:
                if not answer.done():
                    answer.set_exception(error)
        finally:
            self._under_way -= len(batch)
