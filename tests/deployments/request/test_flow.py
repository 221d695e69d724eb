"""The walk of many requests at once, over the real deployments' work without Ray between them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import wraps
from typing import Any

import pytest

from deployments.config import load
from deployments.errors import Internal, MalformedText, Overloaded, ServiceError
from deployments.request.capacity import Capacity, Place
from deployments.request.deadline import Deadline, Stopwatch
from deployments.request.flow import Flow, Request
from deployments.stages.messages import DecodeItem, PrepareItem, Refusal
from pipeline.answer.review import Postprocessor
from pipeline.answer.translation import Attempt, Review, Translation
from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared
from pipeline.translator import Translator
from tests.deployments.in_process import NAME, Calls, Decode, flow_of

pytestmark = pytest.mark.anyio

SHORT = [f"我们有{number}个苹果。" for number in range(100, 132)]
# Its first try fails a check.
FAILING = "第2天，公司卖出了2.5亿件，请看 https://example.org/2。"
LONG = "中国的科技创新能力正在快速提升，" * 6 + "我们今天去北京。"


def place() -> Place:
    return Place(Capacity(load({}).limits, replicas=1), "interactive", 0)


def request() -> Request:
    return Request(Deadline(60), Stopwatch(), place())


async def one(flow: Flow, text: str) -> Translation:
    """What becomes of a request with one text."""
    (answer,) = await flow.translate([PrepareItem(NAME, text)], request())
    if isinstance(answer, ServiceError):
        raise answer
    return answer


async def translate_at_once(
    texts: Sequence[str], translator: Translator, calls: Calls
) -> list[Translation | BaseException]:
    """What becomes of requests that come in one turn of the event loop."""
    flow = flow_of(translator, load({}), calls)
    return await asyncio.gather(*(one(flow, text) for text in texts), return_exceptions=True)


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


async def test_a_text_that_breaks_a_stage_costs_its_neighbours_no_call(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, review = Preprocessor.prepare, Postprocessor.review
    broken = {"prepare": SHORT[1], "review": SHORT[2]}

    def break_prepare(self: Preprocessor, text: str, *options: Any) -> Prepared:
        if text == broken["prepare"]:
            raise ArithmeticError
        return prepare(self, text, *options)

    def break_review(self: Postprocessor, attempt: Attempt) -> Review:
        if attempt.unit.text == broken["review"]:
            raise ArithmeticError
        return review(self, attempt)

    expected = [translator.translate(text) for text in SHORT[:8]]
    monkeypatch.setattr(Preprocessor, "prepare", break_prepare)
    monkeypatch.setattr(Postprocessor, "review", break_review)
    calls = Calls()
    answers = await translate_at_once(SHORT[:8], translator, calls)
    assert isinstance(answers[1], Internal) and isinstance(answers[2], Internal)
    assert answers[:1] + answers[3:] == expected[:1] + expected[3:]
    assert calls.sizes["prepare"] == [8] and calls.sizes["review"][0] == 7
    assert sum(calls.sizes["translate"]) == sum(calls.sizes["review"])


async def test_retries_have_half_of_the_time_that_is_left(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    translate, seconds = Decode.translate, list[float]()

    @wraps(translate)
    async def first_try_only(self: Decode, items: Sequence[DecodeItem]) -> Any:
        seconds.extend(item.seconds for item in items)
        if len(seconds) == len(items):
            return await translate(self, items)
        return [Refusal(Overloaded.code)] * len(items)

    monkeypatch.setattr(Decode, "translate", first_try_only)
    (answer,) = await translate_at_once([FAILING], translator, Calls())
    assert isinstance(answer, Translation) and answer.text
    assert 50 < seconds[0] <= 60 and seconds[1] <= 30


async def test_short_is_counted_in_characters_until_there_are_tokens(
    translator: Translator,
) -> None:
    settings = {"micro_batches": {"characters": 64, "tokens": 5}}
    calls = Calls()
    flow = flow_of(translator, load(settings), calls)
    answers = await asyncio.gather(*(one(flow, text) for text in SHORT[:4]))
    assert list(answers) == [translator.translate(text) for text in SHORT[:4]]
    assert calls.sizes["prepare"] == [4]
    assert set(calls.sizes["translate"]) == {1}
