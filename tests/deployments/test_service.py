"""The service layer: limits, and which model translates."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.config import Limits, load
from deployments.errors import (
    EmptyText,
    Overloaded,
    TextTooLong,
    UnknownModel,
    UnsupportedLanguages,
)
from deployments.request.capacity import Place
from deployments.request.deadline import Deadline, Stopwatch
from deployments.request.flow import Flow
from deployments.service import TranslationService
from deployments.stages.messages import Load, PrepareItem
from pipeline.answer.translation import Translation
from pipeline.bundle import Languages
from pipeline.decode.lanes import Lane

pytestmark = pytest.mark.anyio

MODELS = {
    "small": Languages(source="zh", target="en"),
    "large": Languages(source="zh", target="en"),
    "back": Languages(source="en", target="zh"),
}


class Echo(Flow):
    """Gives the text back, with the model's name before it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def translate(
        self, item: PrepareItem, deadline: Deadline, stopwatch: Stopwatch, place: Place
    ) -> Translation:
        self.seconds.append(deadline.left())
        stopwatch.lap("echo")
        place.settle("interactive", 1, len(item.text))
        return Translation(item.text, f"{item.model}: {item.text}")


def service(**limits: float) -> TranslationService:
    settings: Limits = load({"limits": limits}).limits
    return TranslationService(Echo(), MODELS, settings, replicas=1)


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
    assert (await service().translate("好", **asked)).model == chosen


@pytest.mark.parametrize(
    "asked", [{"source": "de"}, {"source": "zh", "target": "zh"}, {"model": "back", "source": "zh"}]
)
async def test_languages_that_no_model_has_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedLanguages, match=r"served are: zh to en, en to zh$"):
        await service().translate("好", **asked)


async def test_an_unknown_model_is_refused_with_the_names_of_those_served() -> None:
    with pytest.raises(UnknownModel, match=r"served are: small, large, back$"):
        await service().translate("好", model="other")


async def test_the_limit_of_characters_is_inclusive() -> None:
    assert (await service(characters=3).translate("好好好")).model == "small"
    with pytest.raises(TextTooLong, match="has 4 characters, more than the limit of 3"):
        await service(characters=3).translate("好好好好")


async def test_an_empty_text_is_refused_before_its_model_is_looked_up() -> None:
    with pytest.raises(EmptyText):
        await service().translate(" \n", model="other")


async def test_a_request_has_the_time_that_the_settings_give() -> None:
    flow = Echo()
    limits = load({"limits": {"request_s": 7, "character_s": 0.01}}).limits
    served = TranslationService(flow, MODELS, limits, replicas=1)
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
    assert (await served.translate("好" * 5000, model="large")).model == "large"
