"""The service layer: limits, and which model translates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from deployments.config import Limits, load
from deployments.errors import (
    EmptyText,
    InvalidRequest,
    MalformedText,
    Overloaded,
    TextTooLong,
    TooManyTexts,
    UnknownModel,
    UnsupportedLanguages,
)
from deployments.request.flow import Alone, Flow, Request
from deployments.request.wanted import Wanted
from deployments.service import NOT_SOURCE, One, TranslationService
from deployments.stages.messages import Load, PrepareItem
from deployments.store.store import Store
from pipeline.answer.translation import Translation
from pipeline.bundle import Languages
from pipeline.decode.lanes import Lane

pytestmark = pytest.mark.anyio

MODELS = {
    "small": Languages(source="zh", target="en"),
    "large": Languages(source="zh", target="en"),
    "back": Languages(source="en", target="zh"),
}


def said(item: PrepareItem) -> str:
    return f"{item.model}: {item.text}"


class Echo(Flow):
    """Gives the text back, with the model's name before it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def translate(
        self, items: Sequence[PrepareItem], request: Request
    ) -> list[Translation | Alone]:
        self.seconds.append(request.deadline.left())
        request.stopwatch.lap("echo")
        request.place.settle("interactive", 1, sum(len(item.text) for item in items))
        return [
            MalformedText() if "\0" in item.text else Translation(item.text, said(item))
            for item in items
        ]


def unused_store() -> Store:
    return Store(load({}).store, replicas=1)


def service(**limits: float) -> TranslationService:
    settings: Limits = load({"limits": limits}).limits
    return TranslationService(Echo(), MODELS, settings, 1, unused_store())


async def test_gives_the_translation_its_model_and_its_timings() -> None:
    given = await service().translate("好")
    assert given.translation == Translation("好", "small: 好") and given.model == "small"
    assert list(given.timings.stages) == ["echo"]
    assert given.timings.total_ms >= given.timings.stages["echo"] >= 0


@pytest.mark.parametrize("text", ["", " \n\t", "　", "\u200b\ufeff\u2060", "\u00ad \u200d\r\n"])
async def test_a_text_in_which_nothing_can_be_seen_is_empty(text: str) -> None:
    with pytest.raises(EmptyText):
        await service().translate(text)


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ({}, "small"),
        ({"model": "large"}, "large"),
        ({"source": "zh"}, "small"),
        ({"source": "en"}, "back"),
        ({"target": "zh"}, "back"),
        ({"source": "zh", "target": "en"}, "small"),
        ({"model": "large", "source": "zh", "target": "en"}, "large"),
    ],
)
async def test_the_model_that_is_named_translates_or_the_first_with_the_languages(
    asked: dict[str, Any], chosen: str
) -> None:
    assert (await service().translate("好", Wanted(**asked))).model == chosen


@pytest.mark.parametrize(
    "asked", [{"source": "de"}, {"source": "zh", "target": "zh"}, {"model": "back", "source": "zh"}]
)
async def test_languages_that_no_model_has_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedLanguages, match=r"served are: zh to en, en to zh$"):
        await service().translate("好", Wanted(**asked))


async def test_an_unknown_model_is_refused_with_the_names_of_those_served() -> None:
    with pytest.raises(UnknownModel, match=r"served are: small, large, back$"):
        await service().translate("好", Wanted(model="other"))


async def test_the_limit_of_characters_is_inclusive() -> None:
    assert (await service(characters=3).translate("好好好")).model == "small"
    with pytest.raises(TextTooLong, match="has 4 characters, more than the limit of 3"):
        await service(characters=3).translate("好好好好")


async def test_an_empty_text_is_refused_before_its_model_is_looked_up() -> None:
    with pytest.raises(EmptyText):
        await service().translate(" \n", Wanted(model="other"))


async def test_a_request_has_the_time_that_the_settings_give() -> None:
    flow = Echo()
    limits = load({"limits": {"request_s": 7, "character_s": 0.01}}).limits
    served = TranslationService(flow, MODELS, limits, 1, unused_store())
    await served.translate("好")
    await served.translate("好" * 1000)
    assert 6 < flow.seconds[0] <= 7.1
    assert 16 < flow.seconds[1] <= 17


async def test_a_text_that_could_not_be_translated_in_time_is_refused_before_any_work() -> None:
    served = service(request_s=1, character_s=0)
    rates: dict[Lane, float] = {"interactive": 1000, "bulk": 1000}
    served.capacities["small"].learn(Load("a", rates))
    with served.capacities["small"].enter(5000), pytest.raises(Overloaded):
        await served.translate("好" * 5000)
    assert (await served.translate("好" * 5000, Wanted("large"))).model == "large"


async def test_texts_of_a_list_fail_alone_and_keep_their_order() -> None:
    found = await service().translate_all(["一", " ", "二", "坏\0"])
    one, empty, two, bad = found.answers
    assert isinstance(one, One) and one.translation.text == "small: 一" and one.detected is None
    assert isinstance(two, One) and two.translation.text == "small: 二"
    assert isinstance(empty, EmptyText) and isinstance(bad, MalformedText)


async def test_auto_finds_the_model_of_each_text_and_leaves_other_languages_as_they_are() -> None:
    texts = ["你好", "Hello there", "안녕하세요", "123"]
    found = await service().translate_all(texts, Wanted(source="auto"))
    answers = [answer for answer in found.answers if isinstance(answer, One)]
    assert [answer.model for answer in answers] == ["small", "back", None, None]
    assert [answer.translation.text for answer in answers][2:] == texts[2:]
    assert [answer.translation.warnings for answer in answers][2:] == [(NOT_SOURCE,)] * 2
    languages = [answer.detected.language for answer in answers if answer.detected]
    assert languages == ["zh-Hans", "en", "ko", "und"]


@pytest.mark.parametrize("source", ["zh", "ZH", "zh_TW", "zh-Hant-HK", "cmn", "zh-CN"])
async def test_every_spelling_of_a_language_is_taken(source: str) -> None:
    found = await service().translate("好", Wanted(source=source, target="en-US"))
    assert found.model == "small"


async def test_a_list_is_bounded_in_texts_and_in_their_characters() -> None:
    served = service(texts=2, characters=5)
    with pytest.raises(TooManyTexts, match="has 3 texts, more than the limit of 2"):
        await served.translate_all(["一"] * 3)
    with pytest.raises(TextTooLong, match="has 6 characters, more than the limit of 5"):
        await served.translate_all(["一二三"] * 2)
    assert len((await served.translate_all(["一二三", "四五"])).answers) == 2


@pytest.mark.parametrize("wanted", [Wanted(beam_size=9), Wanted(alternatives=6)])
async def test_what_multiplies_the_work_is_bounded(wanted: Wanted) -> None:
    with pytest.raises(InvalidRequest, match="at most"):
        await service().translate("好", wanted)
