"""The translate deployment by itself, with the real engine and without Ray."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from deployments.config import load
from deployments.errors import Internal, MalformedText, TimedOut
from deployments.stages.messages import Decoded, DecodeItem, Refusal, Search
from deployments.stages.translate import Translate
from pipeline.config import DEFAULT_MODEL
from pipeline.decode.lanes import Lane
from pipeline.errors import EngineStopped
from pipeline.text.prepare import Preprocessor
from pipeline.translator import Translator

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


# One for all tests, and so one event loop, which @serve.batch remembers.
@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Translate]:
    # @serve.batch asks its replica how many calls it takes.
    options = SimpleNamespace(max_ongoing_requests=64)
    context = SimpleNamespace(_deployment_config=options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ray.serve.get_replica_context", lambda: context)
        stage = Translate(DEFAULT_MODEL, load({}))
        yield stage
        stage.engine.close()


@pytest.fixture(scope="module")
def sentences(translator: Translator) -> list[tuple[int, ...]]:
    preprocessor = Preprocessor.load(translator.bundle)
    texts = [f"我们有{number}个苹果。" for number in range(100, 108)]
    return [preprocessor.prepare(text).units[0].ids for text in texts]


@pytest.fixture
def submitted(stage: Translate, monkeypatch: pytest.MonkeyPatch) -> list[Future[Any]]:
    """What the engine was handed during the test."""
    submit, futures = stage._submit, list[Future[Any]]()

    def remember(item: DecodeItem, lane: Lane) -> list[Future[Any]]:
        jobs = submit(item, lane)
        futures.extend(jobs)
        return jobs

    monkeypatch.setattr(stage, "_submit", remember)
    return futures


def item(*sentences: tuple[int, ...], seconds: float = 60) -> DecodeItem:
    return DecodeItem(sentences, len(sentences), seconds)


def tokens(stage: Translate) -> int:
    """Source tokens under way."""
    return sum(backlog.tokens for backlog in stage.backlogs.values())


async def test_gives_the_best_hypothesis_of_each_sentence(
    stage: Translate, translator: Translator, sentences: list[tuple[int, ...]]
) -> None:
    answers = await stage.translate([item(*sentences[:3]), item(), item(sentences[3])])
    best = [translator.engine.submit(ids).result()[:1] for ids in sentences[:4]]
    decoded = [answer.hypotheses for answer in answers if isinstance(answer, Decoded)]
    assert decoded == [tuple(best[:3]), (), (best[3],)]
    assert tokens(stage) == 0


async def test_gives_as_many_alternatives_as_are_asked_for(
    stage: Translate, translator: Translator, sentences: list[tuple[int, ...]]
) -> None:
    asked = [
        replace(item(sentences[0]), search=Search(alternatives=2)),
        replace(item(sentences[0]), search=Search(beam_size=2)),
        replace(item(sentences[0]), search=Search(beam_size=2, alternatives=5)),
    ]
    answers = await stage.translate(asked)
    defaults = translator.engine.defaults
    expected = [
        translator.engine.submit(sentences[0], options=replace(defaults, beam_size=beam)).result()[
            :count
        ]
        for beam, count in ((4, 3), (2, 1), (6, 6))
    ]
    decoded = [answer.hypotheses for answer in answers if isinstance(answer, Decoded)]
    assert decoded == [(found,) for found in expected]


async def test_says_with_each_answer_how_fast_it_is(
    stage: Translate, sentences: list[tuple[int, ...]]
) -> None:
    (answer,) = await stage.translate([item(sentences[0])])
    assert isinstance(answer, Decoded)
    assert answer.load.replica == stage.name
    assert min(answer.load.rates.values()) > 0  # measured before the first call


async def test_an_item_that_is_late_is_refused(
    stage: Translate, sentences: list[tuple[int, ...]]
) -> None:
    late, good = await stage.translate([item(sentences[0], seconds=0), item(sentences[1])])
    assert late == Refusal(TimedOut.code) and isinstance(good, Decoded)


async def test_a_sentence_that_is_refused_takes_its_own_item_along_and_no_other(
    stage: Translate, sentences: list[tuple[int, ...]], submitted: list[Future[Any]]
) -> None:
    outside = (10**6,)  # no token of any vocabulary
    bad, good = await stage.translate(
        [item(*sentences[:5], outside, sentences[5]), item(sentences[6])]
    )
    assert bad == Refusal(MalformedText.code) and isinstance(good, Decoded)
    assert [future.cancelled() for future in submitted] == [False]
    assert tokens(stage) == 0


async def test_a_fault_concerns_its_own_item(
    stage: Translate, sentences: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = stage._submit

    def fail(item: DecodeItem, lane: Lane) -> list[Future[Any]]:
        if item.sentences[0] == sentences[0]:
            raise ZeroDivisionError
        return submit(item, lane)

    monkeypatch.setattr(stage, "_submit", fail)
    bad, good = await stage.translate([item(sentences[0]), item(sentences[1])])
    assert bad == Refusal(Internal.code) and isinstance(good, Decoded)


async def test_a_caller_that_leaves_has_its_sentences_dropped(
    stage: Translate, sentences: list[tuple[int, ...]], submitted: list[Future[Any]]
) -> None:
    call = asyncio.create_task(stage.translate([item(*sentences * 40)]))
    while not submitted:
        await asyncio.sleep(0.001)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    while tokens(stage):
        await asyncio.sleep(0.001)
    assert len(submitted) == 320
    assert sum(future.cancelled() for future in submitted) > 160


async def test_is_healthy_until_its_engine_stops(
    stage: Translate,
) -> None:
    await stage.check_health()
    stopped = Translate(DEFAULT_MODEL, load({}))
    stopped.engine.close()
    with pytest.raises(EngineStopped):
        await stopped.check_health()
