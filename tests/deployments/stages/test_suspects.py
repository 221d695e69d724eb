"""One suspect at a time in a replica."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from deployments.stages.messages import ONE_SUSPECT, PrepareItem, Refusal
from deployments.stages.suspects import one_suspect

pytestmark = pytest.mark.anyio

PLAIN, SUSPECT = PrepareItem("m", "好"), PrepareItem("m", "好", suspect=True)


class Stage:
    def __init__(self) -> None:
        self.ends = asyncio.Event()

    @one_suspect
    async def work(self, items: Sequence[PrepareItem]) -> list[str | Refusal]:
        await self.ends.wait()
        if items[0].text == "坏":
            raise ArithmeticError
        return ["done"] * len(items)


async def test_takes_one_suspect_at_a_time_and_all_others_beside_it() -> None:
    stage, other = Stage(), Stage()
    first = asyncio.create_task(stage.work([SUSPECT]))
    plain = asyncio.create_task(stage.work([PLAIN, PLAIN]))
    elsewhere = asyncio.create_task(other.work([SUSPECT]))
    await asyncio.sleep(0)
    assert await stage.work([SUSPECT]) == [Refusal(ONE_SUSPECT)]
    stage.ends.set()
    other.ends.set()
    assert await first == ["done"] == await elsewhere
    assert await plain == ["done", "done"]
    assert await stage.work([SUSPECT]) == ["done"]


async def test_a_suspect_that_fails_or_leaves_makes_room() -> None:
    stage = Stage()
    leaves = asyncio.create_task(stage.work([SUSPECT]))
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    stage.ends.set()
    with pytest.raises(ArithmeticError):
        await stage.work([PrepareItem("m", "坏", suspect=True)])
    assert await stage.work([SUSPECT]) == ["done"]
