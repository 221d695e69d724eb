"""Keys, where the service asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from deployments.config import load
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.store.store import Store
from pipeline.translator import Translator
from tests.deployments.in_process import service_of, store_in

TEXT = {"text": "我们今天去北京。"}
TRANSLATE = "/v1/translate"


@pytest.fixture
def locked(translator: Translator, tmp_path: Path) -> Iterator[TestClient]:
    """A service that asks for keys."""
    config = load({"http": {"keys": "required"}})
    service = service_of(translator, config, store_in(tmp_path))
    app = make_app(service, Readiness({}, config.readiness), Traffic(), config)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def new_key(folder: Path, **limits: Any) -> str:
    """A key of the service whose state is there."""

    async def add() -> str:
        store: Store = store_in(folder)
        key, _ = await store.keys.add(f"test {limits}", **limits)
        await store.close()
        return key

    return asyncio.run(add())


@pytest.mark.parametrize("path", [TRANSLATE, "/v1/translate/stream", "/translate"])
def test_work_needs_a_key(locked: TestClient, tmp_path: Path, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer"}):
        answer = locked.post(path, json=TEXT, headers=headers)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    key = new_key(tmp_path)
    for name, value in (
        ("authorization", f"Bearer {key}"),
        ("authorization", f"DeepL-Auth-Key {key}"),
        ("authorization", key),
        ("x-api-key", key),
    ):
        assert locked.post(path, json=TEXT, headers={name: value}).status_code == 200
    assert locked.post(f"{path}?key={key}", json=TEXT).status_code == 401
    proxys = {"authorization": "Basic YTpi", "x-api-key": key}
    assert locked.post(path, json=TEXT, headers=proxys).status_code == 200
    assert locked.post(path, json=TEXT, headers={"authorization": "Basic YTpi"}).status_code == 401


def test_pages_probes_and_what_is_served_need_none(locked: TestClient) -> None:
    for path in ("/", "/docs", "/livez", "/readyz", "/openapi.json", "/v1/models", "/v1/languages"):
        assert locked.get(path).status_code == 200, path
    assert locked.get("/v1/glossaries").status_code == 401


def test_glossaries_are_each_keys_own(locked: TestClient, tmp_path: Path) -> None:
    mine, others = (
        {"authorization": f"Bearer {new_key(tmp_path, requests_per_minute=n)}"} for n in (50, 60)
    )
    body = {"name": "n", "entries": {"北京": "Peking"}}
    made = locked.post("/v1/glossaries", json=body, headers=mine).json()
    asked = {**TEXT, "glossary_id": made["id"]}
    assert "Peking" in locked.post(TRANSLATE, json=asked, headers=mine).text
    assert locked.post(TRANSLATE, json=asked, headers=others).status_code == 404
    assert locked.get("/v1/glossaries", headers=others).json() == {"glossaries": []}


def test_a_keys_requests_and_characters_are_bounded(locked: TestClient, tmp_path: Path) -> None:
    few = {"authorization": f"Bearer {new_key(tmp_path, requests_per_minute=2)}"}
    statuses = [locked.post(TRANSLATE, json=TEXT, headers=few).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    answer = locked.post(TRANSLATE, json=TEXT, headers=few)
    assert answer.json()["code"] == "rate_limited" and answer.json()["limit"] == 2
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    short = {"authorization": f"Bearer {new_key(tmp_path, characters_per_month=20)}"}
    assert locked.post(TRANSLATE, json={"text": "坏\0" * 8}, headers=short).status_code == 400
    statuses = [locked.post(TRANSLATE, json=TEXT, headers=short).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]  # what failed is not counted
    answer = locked.post("/translate", json=TEXT, headers=short)
    assert answer.status_code == 429 and answer.json()["error"].startswith(
        "More than 20 characters"
    )


def test_a_database_that_fails_is_a_503_and_costs_nobody_else(
    locked: TestClient, api: TestClient, tmp_path: Path
) -> None:
    headers = {"authorization": f"Bearer {new_key(tmp_path)}"}
    (tmp_path / "csanmt.db").write_bytes(b"no database" * 1000)
    answer = locked.post(TRANSLATE, json=TEXT, headers=headers)
    assert answer.status_code == 503 and answer.json()["code"] == "state_unavailable"
    assert "database" not in answer.json()["error"].replace("The service's database", "")
    assert api.post(TRANSLATE, json=TEXT).status_code == 200
