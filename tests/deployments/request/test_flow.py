"""The walk of many requests at once, over the real deployments' work without Ray between them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from deployments.config import load
from deployments.errors import MalformedText
from deployments.request.deadline import Deadline, Stopwatch
from pipeline.answer.translation import Translation
from pipeline.translator import Translator
from tests.deployments.in_process import NAME, Calls, flow_of

pytestmark = pytest.mark.anyio

SHORT = [f"我们有{number}个苹果。" for number in range(100, 132)]
LONG = "中国的科技创新能力正在快速提升，" * 6 + "我们今天去北京。"


async def translate_at_once(
    texts: Sequence[str], translator: Translator, calls: Calls
) -> list[Translation | BaseException]:
    """What becomes of requests that come in one turn of the event loop."""
    flow = flow_of(translator, load({}), calls)
    return await asyncio.gather(
        *(flow.translate(text, NAME, Deadline(60), Stopwatch()) for text in texts),
        return_exceptions=True,
    )


async def test_short_requests_share_their_calls_and_each_gets_its_own_answer(
    translator: Translator,
) -> None:
    calls = Calls()
    answers = await translate_at_once(SHORT, translator, calls)
    assert answers == [translator.translate(text) for text in SHORT]
    assert calls.sizes["prepare"] == [32]
    assert calls.sizes["translate"][0] == 32 and calls.sizes["review"][0] == 32


async def test_a_bad_neighbour_fails_alone_and_a_long_one_has_its_own_calls(
    translator: Translator,
) -> None:
    calls = Calls()
    answers = await translate_at_once([SHORT[0], "坏\0", LONG, SHORT[1]], translator, calls)
    assert isinstance(answers.pop(1), MalformedText)
    assert answers == [translator.translate(text) for text in (SHORT[0], LONG, SHORT[1])]
    assert sorted(calls.sizes["prepare"]) == [1, 3]
    assert sorted(calls.sizes["translate"])[:2] == [1, 2]
