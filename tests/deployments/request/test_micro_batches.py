"""How items come to share a call; the method that is called doubles numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from deployments.config import MicroBatches
from deployments.request.calls import ask
from deployments.request.deadline import Deadline
from deployments.request.micro_batches import Gathered
from pipeline.errors import DeadlineExceeded


class Doubling:
    """A deployment's method: remembers its calls, which wait for `open` and fail where one item is
    in `broken`.
    """

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.responses: list[asyncio.Task[list[int]]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken: set[int] = set()

    def options(self, **_: str) -> Doubling:
        return self

    def remote(self, items: list[int]) -> asyncio.Task[list[int]]:
        self.calls.append(items)
        self.responses.append(asyncio.create_task(self.answer(items)))
        return self.responses[-1]

    async def answer(self, items: list[int]) -> list[int]:
        await self.open.wait()
        if self.broken & set(items):
            raise RuntimeError("broken")
        return [2 * item for item in items]


def gathered(method: Doubling, texts: int = 32, pause_s: float = 10.0) -> Gathered:
    return Gathered(method, MicroBatches(tokens=64, texts=texts, pause_s=pause_s))  # type: ignore[arg-type]


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(asyncio.wait_for(test(), 20))

    run.__name__ = test.__name__
    return run


async def turns() -> None:
    """A few turns of the event loop, without waiting."""
    for _ in range(5):
        await asyncio.sleep(0)


@in_a_loop
async def test_an_item_that_finds_no_call_under_way_is_sent_at_once() -> None:
    method = Doubling()
    shared = gathered(method)
    for item in (1, 2, 3):
        assert await shared.together(item) == 2 * item
    assert method.calls == [[1], [2], [3]]


@in_a_loop
async def test_items_of_one_turn_share_a_call_and_each_gets_its_own_answer() -> None:
    method = Doubling()
    shared = gathered(method)
    assert await asyncio.gather(*map(shared.together, range(10))) == [
        2 * item for item in range(10)
    ]
    assert method.calls == [list(range(10))]


@in_a_loop
async def test_items_that_come_while_a_call_is_under_way_go_together_in_the_next() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method)
    answers = []
    for item in (1, 2, 3):
        answers.append(asyncio.create_task(shared.together(item)))
        await turns()
    assert method.calls == [[1]]
    method.open.set()
    assert await asyncio.gather(*answers) == [2, 4, 6]
    assert method.calls == [[1], [2, 3]]


@in_a_loop
async def test_a_call_that_is_never_answered_holds_up_nobody_for_longer_than_the_pause() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method, pause_s=0.01)
    stuck = asyncio.create_task(shared.together(1))
    await turns()
    later = asyncio.create_task(shared.together(2))
    await turns()
    assert method.calls == [[1]]
    while len(method.calls) < 2:
        await asyncio.sleep(0.01)
    assert method.calls == [[1], [2]]
    stuck.cancel()
    later.cancel()


@in_a_loop
async def test_a_call_takes_so_many_items_and_an_item_alone_waits_for_none() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method, texts=2)
    answers = [asyncio.create_task(shared.together(item)) for item in range(5)]
    await turns()
    lone = asyncio.create_task(shared.alone(9))
    await turns()
    assert method.calls == [[0, 1], [9]]
    method.open.set()
    assert await lone == 18 and await asyncio.gather(*answers) == [0, 2, 4, 6, 8]
    assert method.calls == [[0, 1], [9], [2, 3], [4]]


@in_a_loop
async def test_who_leaves_takes_no_neighbour_along() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method)
    first = [asyncio.create_task(shared.together(item)) for item in (1, 2)]
    await turns()
    waiting = [asyncio.create_task(shared.together(item)) for item in (3, 4)]
    await turns()
    first[0].cancel()
    waiting[0].cancel()
    method.open.set()
    assert await first[1] == 4 and await waiting[1] == 8
    assert method.calls == [[1, 2], [4]]  # 3 had left before it was sent


@in_a_loop
async def test_a_call_that_nobody_waits_for_is_cancelled() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method)
    answers = [asyncio.create_task(shared.together(item)) for item in (1, 2)]
    await turns()
    answers[0].cancel()
    await turns()
    assert not method.responses[0].cancelled()
    answers[1].cancel()
    await turns()
    assert method.responses[0].cancelled()


@in_a_loop
async def test_an_item_that_breaks_its_call_fails_alone() -> None:
    method = Doubling()
    method.broken = {3}
    shared = gathered(method)
    asked = [ask(shared, lambda item=item: item, Deadline(10), True) for item in range(5)]  # type: ignore[misc]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers.pop(3), RuntimeError)
    assert answers == [0, 2, 4, 8]
    assert method.calls == [[0, 1, 2, 3, 4], [0], [1], [2], [3], [4]]


@in_a_loop
async def test_a_deadline_that_passes_is_one_items_own() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method)
    patient = asyncio.create_task(ask(shared, lambda: 1, Deadline(10), True))
    with pytest.raises(DeadlineExceeded):
        await ask(shared, lambda: 2, Deadline(0.05), True)
    method.open.set()
    assert await patient == 2
    assert [set(items) for items in method.calls] == [{1, 2}]
