"""How items come to share a call; the method that is called doubles numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from deployments.config import MicroBatches
from deployments.errors import TimedOut
from deployments.request.calls import ask
from deployments.request.deadline import Deadline
from deployments.request.micro_batches import Gathered

pytestmark = pytest.mark.anyio


class Doubling:
    """A stage's call: remembers its items, waits for `open`, fails where one item is `broken`."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.responses: list[asyncio.Task[list[int]]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken: set[int] = set()

    def __call__(self, items: Sequence[int]) -> asyncio.Task[list[int]]:
        self.calls.append(list(items))
        self.responses.append(asyncio.create_task(self.answer(items)))
        return self.responses[-1]

    async def answer(self, items: Sequence[int]) -> list[int]:
        await self.open.wait()
        if self.broken & set(items):
            raise RuntimeError("broken")
        return [2 * item for item in items]


def gathered(method: Doubling, texts: int = 32, pause_s: float = 10.0) -> Gathered[int, int]:
    return Gathered(method, MicroBatches(characters=64, tokens=64, texts=texts, pause_s=pause_s))


async def turns() -> None:
    """A few turns of the event loop, without waiting."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_item_that_finds_no_call_under_way_is_sent_at_once() -> None:
    method = Doubling()
    shared = gathered(method)
    for item in (1, 2, 3):
        assert await shared.ask_together(item) == 2 * item
    assert method.calls == [[1], [2], [3]]


async def test_items_of_one_turn_share_a_call_and_each_gets_its_own_answer() -> None:
    method = Doubling()
    shared = gathered(method)
    assert await asyncio.gather(*map(shared.ask_together, range(10))) == [
        2 * item for item in range(10)
    ]
    assert method.calls == [list(range(10))]


async def test_items_that_come_while_a_call_is_under_way_go_together_in_the_next() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method)
    answers = []
    for item in (1, 2, 3):
        answers.append(asyncio.create_task(shared.ask_together(item)))
        await turns()
    assert method.calls == [[1]]
    method.open.set()
    assert await asyncio.gather(*answers) == [2, 4, 6]
    assert method.calls == [[1], [2, 3]]


async def test_a_call_that_is_never_answered_holds_up_nobody_for_longer_than_the_pause() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method, pause_s=0.01)
    stuck = asyncio.create_task(shared.ask_together(1))
    await turns()
    later = asyncio.create_task(shared.ask_together(2))
    await turns()
    assert method.calls == [[1]]
    while len(method.calls) < 2:
        await asyncio.sleep(0.01)
    assert method.calls == [[1], [2]]
    stuck.cancel()
    later.cancel()


async def test_a_call_takes_so_many_items_and_an_item_alone_waits_for_none() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method, texts=2)
    answers = [asyncio.create_task(shared.ask_together(item)) for item in range(5)]
    await turns()
    lone = asyncio.create_task(shared.ask_alone(9))
    await turns()
    assert method.calls == [[0, 1], [9]]
    method.open.set()
    assert await lone == 18 and await asyncio.gather(*answers) == [0, 2, 4, 6, 8]
    assert method.calls == [[0, 1], [9], [2, 3], [4]]


async def test_a_caller_that_leaves_takes_no_neighbour_along() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method)
    first = [asyncio.create_task(shared.ask_together(item)) for item in (1, 2)]
    await turns()
    waiting = [asyncio.create_task(shared.ask_together(item)) for item in (3, 4)]
    await turns()
    first[0].cancel()
    waiting[0].cancel()
    method.open.set()
    assert await first[1] == 4 and await waiting[1] == 8
    assert method.calls == [[1, 2], [4]]  # 3 had left before it was sent


async def test_a_call_that_nobody_waits_for_is_cancelled() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method)
    answers = [asyncio.create_task(shared.ask_together(item)) for item in (1, 2)]
    await turns()
    answers[0].cancel()
    await turns()
    assert not method.responses[0].cancelled()
    answers[1].cancel()
    await turns()
    assert method.responses[0].cancelled()


async def test_an_item_that_breaks_its_call_fails_alone() -> None:
    method = Doubling()
    method.broken = {3}
    shared = gathered(method)
    asked = [
        ask(shared, partial(lambda item, _: item, item), Deadline(10), shared=True)
        for item in range(5)
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers.pop(3), RuntimeError)
    assert answers == [0, 2, 4, 8]
    assert method.calls == [[0, 1, 2, 3, 4], [0], [1], [2], [3], [4]]


async def test_a_deadline_that_passes_is_one_items_own() -> None:
    method = Doubling()
    method.open.clear()
    shared = gathered(method)
    patient = asyncio.create_task(ask(shared, lambda _: 1, Deadline(10), shared=True))
    with pytest.raises(TimedOut):
        await ask(shared, lambda _: 2, Deadline(0.05), shared=True)
    method.open.set()
    assert await patient == 2
    assert [set(items) for items in method.calls] == [{1, 2}]
