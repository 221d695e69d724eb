from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from deployments.request.handles import Told, local_call

pytestmark = pytest.mark.anyio


async def test_an_answer_is_told_when_it_comes() -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    heard = list[int]()
    asyncio.get_running_loop().call_soon(answer.set_result, 7)
    await Told(answer, heard.append)
    assert heard == [7]


async def test_an_answer_that_fails_or_is_cancelled_is_told_to_nobody() -> None:
    heard = list[int]()
    failed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    failed.set_exception(ArithmeticError())
    with pytest.raises(ArithmeticError):
        await Told(failed, heard.append)
    left: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    told = Told(left, heard.append)
    told.cancel()
    assert left.cancelled() and heard == []


async def test_a_stage_in_this_process_is_called_as_one_behind_a_handle() -> None:
    async def double(items: Sequence[int]) -> list[int]:
        await asyncio.sleep(0)
        return [2 * item for item in items]

    call = local_call(double)
    assert await call([1, 2]) == [2, 4]
    pending = call([3])
    pending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pending
