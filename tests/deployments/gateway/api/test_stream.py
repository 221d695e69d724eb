"""POST /v1/translate/stream in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from benchmarks.support.service import ROOT
from deployments.config import load
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.service import TranslationService
from deployments.stages.messages import DecodeItem, Refusal
from pipeline.answer.translation import SentenceTranslation, Translation
from pipeline.translator import Translator
from tests.deployments.in_process import Decode, service_of, store_in

ARTICLE = (ROOT / "tests/data/article.zh.txt").read_text(encoding="utf-8")
Event = tuple[str, dict[str, Any]]


def stream(api: TestClient, **fields: Any) -> list[Event]:
    with api.stream("POST", "/v1/translate/stream", json=fields) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        return events(response.read().decode())


def events(text: str) -> list[Event]:
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_the_events_are_the_translation_in_order(api: TestClient, translator: Translator) -> None:
    text = ARTICLE * 3
    expected = translator.translate(text)
    *sentences, (last, end) = stream(api, text=text)
    assert {name for name, _ in sentences} == {"sentence"} and last == "done"
    assert [data["target"] for _, data in sentences] == [x.target for x in expected.sentences]
    assert [data["index"] for _, data in sentences] == list(range(len(sentences)))
    pieces = [data["before"] + data["target"] for _, data in sentences]
    assert "".join(pieces) + end["after"] == expected.text
    for _, data in sentences:
        assert text[slice(*data["source_span"])] == data["source"]
        assert expected.text[slice(*data["target_span"])] == data["target"]
    assert end["sentences"] == len(sentences) and end["model"] == "csanmt-zh-en-tiny"
    assert end["warnings"] == list(expected.warnings)
    assert end["timings"]["total_ms"] > 0 and end["request_id"]


def test_a_text_in_another_language_is_done_at_once(api: TestClient) -> None:
    ((name, end),) = stream(api, text="안녕하세요", source="auto")
    assert name == "done" and end["after"] == "안녕하세요" and end["model"] is None
    assert end["detected"]["language"] == "ko" and end["warnings"] == ["not_source_language"]


def test_what_cannot_begin_is_an_error_and_no_stream(api: TestClient) -> None:
    for fields, status, code in (
        ({"text": "坏\0"}, 400, "malformed_text"),
        ({"text": ""}, 400, "empty_text"),
        ({"text": ["好"]}, 400, "invalid_request"),
        ({"text": "x" * 200_001}, 413, "text_too_long"),
        ({"text": "好", "model": "other"}, 400, "unknown_model"),
    ):
        response = api.post("/v1/translate/stream", json=fields)
        assert response.status_code == status and response.json()["code"] == code


class Counting(Decode):
    """Counts the sentences that were asked for, and refuses those after the first `most`."""

    sentences, most = 0, 10**9

    async def translate(self, items: Sequence[DecodeItem]) -> Any:
        Counting.sentences += sum(len(item.sentences) for item in items)
        if Counting.sentences > Counting.most:
            return [Refusal("timed_out")] * len(items)
        return await super().translate(items)


@pytest.fixture
def counted(
    translator: Translator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> TranslationService:
    monkeypatch.setattr("tests.deployments.in_process.Decode", Counting)
    Counting.sentences, Counting.most = 0, 10**9
    return service_of(translator, load({}), store_in(tmp_path))


@pytest.mark.anyio
async def test_work_stays_a_few_groups_ahead_of_who_reads_and_ends_with_him(
    counted: TranslationService,
) -> None:
    text = "我们今天去北京。" * 400
    async with aclosing(counted.stream(text).sentences) as sentences:
        first = await anext(sentences)
        assert isinstance(first, SentenceTranslation) and Counting.sentences == 1
        await anext(sentences)
        await asyncio.sleep(0.3)
        ahead = Counting.sentences
        assert 1 < ahead < 200
        await asyncio.sleep(0.3)
        assert Counting.sentences == ahead  # nobody takes any
    await asyncio.sleep(0.3)
    assert Counting.sentences == ahead
    place = counted.capacities["csanmt-zh-en-tiny"]
    assert not place._places


@pytest.mark.anyio
async def test_the_whole_translation_comes_last(counted: TranslationService) -> None:
    found = [item async for item in counted.stream("你好。\n我们今天去北京。\n").sentences]
    assert [type(item) for item in found] == [SentenceTranslation] * 2 + [Translation]


def test_a_failure_on_the_way_is_an_event(counted: TranslationService) -> None:
    Counting.most = 20
    config = load({})
    app = make_app(counted, Readiness({}, config.readiness), Traffic(), config)
    with TestClient(app, base_url="http://localhost") as api:
        *sentences, (last, error) = stream(api, text="我们今天去北京。" * 60)
    assert 1 <= len(sentences) <= 20 and {name for name, _ in sentences} == {"sentence"}
    assert last == "error" and error["code"] == "timed_out" and error["request_id"]
