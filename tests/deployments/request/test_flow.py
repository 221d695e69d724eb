"""The walk of many requests at once, over the real deployments' work without Ray between them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from deployments.config import load
from deployments.request.deadline import Timings
from deployments.request.flow import Flow
from deployments.stages.messages import Answer, Call
from deployments.stages.postprocess import Postprocess
from deployments.stages.preprocess import Preprocess
from pipeline.answer.translation import Translation
from pipeline.config import DEFAULT_MODEL
from pipeline.errors import InvalidText
from pipeline.translator import Translator

Answers = list[Translation | BaseException]

NAME = "csanmt-zh-en-tiny"
SHORT = [f"我们有{number}个苹果。" for number in range(100, 132)]
LONG = "中国的科技创新能力正在快速提升，" * 6 + "我们今天去北京。"


class Direct:
    """A deployment's method, called in this process.

    `sizes` are the numbers of items of its calls.
    """

    def __init__(self, method: Any) -> None:
        self.method = method
        self.sizes: list[int] = []

    def options(self, **_: str) -> Direct:
        return self

    def remote(self, items: Sequence[Any]) -> asyncio.Task[Any]:
        self.sizes.append(len(items))
        return asyncio.ensure_future(self.method(items))


class Methods:
    """A deployment whose methods are called directly."""

    def __init__(self, **methods: Any) -> None:
        self.__dict__.update({name: Direct(method) for name, method in methods.items()})


class Decode:
    """What the translate deployment does for its calls, with the engine of a Translator."""

    def __init__(self, translator: Translator) -> None:
        self.engine = translator.engine

    async def translate(self, calls: Sequence[Call]) -> list[Answer]:
        async def one(call: Call) -> Answer:
            futures = [asyncio.wrap_future(self.engine.submit(ids)) for ids in call.sentences]
            return tuple(best for best, *_ in await asyncio.gather(*futures))

        return await asyncio.gather(*map(one, calls))


def walk(
    texts: Sequence[str], translator: Translator
) -> tuple[list[Translation | BaseException], dict[str, list[int]]]:
    """What becomes of requests that come in one turn, and the sizes of the calls to each
    deployment's method.
    """

    async def run() -> tuple[Answers, dict[str, list[int]]]:
        prepare = Preprocess({NAME: DEFAULT_MODEL})
        finish = Postprocess({NAME: DEFAULT_MODEL})
        before, after = (
            Methods(prepare=prepare.prepare),
            Methods(review=finish.review),
        )
        middle: Any = Methods(translate=Decode(translator).translate)
        flow = Flow(before, {NAME: middle}, after, load({}))  # type: ignore[arg-type]
        answers = await asyncio.gather(
            *(flow.translate(text, None, Timings()) for text in texts), return_exceptions=True
        )
        methods = {**vars(before), **vars(middle), **vars(after)}
        return answers, {name: method.sizes for name, method in methods.items()}

    return asyncio.run(run())


@pytest.fixture(scope="module")
def translator() -> Any:
    with Translator.load(DEFAULT_MODEL) as translator:
        yield translator


def test_short_requests_share_their_calls_and_each_gets_its_own_answer(
    translator: Translator,
) -> None:
    answers, sizes = walk(SHORT, translator)
    assert answers == [translator.translate(text) for text in SHORT]
    assert sizes["prepare"] == [32] and sizes["translate"][0] == 32 and sizes["review"][0] == 32


def test_a_bad_neighbour_fails_alone_and_a_long_one_has_its_own_calls(
    translator: Translator,
) -> None:
    answers, sizes = walk([SHORT[0], "坏\0", LONG, SHORT[1]], translator)
    assert isinstance(answers.pop(1), InvalidText)
    assert answers == [translator.translate(text) for text in (SHORT[0], LONG, SHORT[1])]
    assert sorted(sizes["prepare"]) == [1, 3]
    assert sorted(sizes["translate"])[:2] == [1, 2]
