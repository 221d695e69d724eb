"""Which pages and names the configuration lets in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from deployments.config import load
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.service import TranslationService

OURS = "https://app.example.org"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}
PREFLIGHT["Access-Control-Request-Headers"] = "content-type"


@contextmanager
def client(service: TranslationService, **http: Any) -> Iterator[TestClient]:
    config = load({"http": http})
    app = make_app(service, Readiness({}, config.readiness), Traffic(), config)
    with TestClient(app, base_url="http://localhost:8000") as client:
        yield client


def test_pages_of_other_origins_are_kept_out(translation_service: TranslationService) -> None:
    with client(translation_service) as api:
        asked = api.options("/translate", headers={"Origin": OURS, **PREFLIGHT})
        answer = api.post("/translate", json={"text": "x"}, headers={"Origin": OURS})
    assert asked.status_code == 405
    assert not any(name.startswith("access-control") for name in (*asked.headers, *answer.headers))


@pytest.mark.parametrize("origins", [[OURS], ["*"]])
def test_pages_of_the_origins_that_are_named_may_call(
    translation_service: TranslationService, origins: list[str]
) -> None:
    with client(translation_service, origins=origins) as api:
        asked = api.options("/translate", headers={"Origin": OURS, **PREFLIGHT})
        answer = api.post("/translate", json={"text": "x"}, headers={"Origin": OURS})
        wrong = api.post("/translate", json={"text": ""}, headers={"Origin": OURS})
    assert asked.status_code == 200
    assert "content-type" in asked.headers["access-control-allow-headers"].lower()
    for response in (asked, answer, wrong):
        assert response.headers["access-control-allow-origin"] in (OURS, "*")
    assert "Server-Timing" in answer.headers["access-control-expose-headers"]
    assert wrong.json() == {"error": "Empty input"}


def test_another_origin_than_those_named_is_kept_out(
    translation_service: TranslationService,
) -> None:
    with client(translation_service, origins=[OURS]) as api:
        asked = api.options("/translate", headers={"Origin": "https://evil.example", **PREFLIGHT})
    assert asked.status_code == 400 and "access-control-allow-origin" not in asked.headers


@pytest.mark.parametrize(
    ("hosts", "host", "status"),
    [
        (None, "localhost:8000", 200),
        (None, "127.0.0.1:8000", 200),
        (None, "[::1]:8000", 200),
        (None, "evil.example", 400),
        (["translate.example.org"], "translate.example.org", 200),
        (["translate.example.org"], "localhost:8000", 400),
        (["*"], "evil.example", 200),
    ],
)
def test_names_are_the_machines_own_or_those_that_are_configured(
    translation_service: TranslationService, hosts: list[str] | None, host: str, status: int
) -> None:
    with client(translation_service, hosts=hosts) as api:
        answer = api.post("/translate", json={"text": "x"}, headers={"Host": host})
        assert answer.status_code == status
        assert api.get("/livez", headers={"Host": host}).status_code == 200
    if status == 400:
        sentence = "Host names another service; the setting http.hosts has this one's names"
        assert answer.json() == {"error": f"Invalid request: {sentence}"}
