"""/v1/glossaries, and translations with one, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

TERMS = {"达摩院": "DAMO Academy", "人工智能": "AI"}
TEXT = "达摩院研究人工智能。"


@pytest.fixture
def glossary(api: TestClient) -> Iterator[dict[str, Any]]:
    made = api.post("/v1/glossaries", json={"name": "products", "entries": TERMS})
    assert made.status_code == 201
    yield made.json()
    api.delete(f"/v1/glossaries/{made.json()['id']}")


def test_a_glossary_is_made_listed_read_replaced_and_deleted(
    api: TestClient, glossary: dict[str, Any]
) -> None:
    path = f"/v1/glossaries/{glossary['id']}"
    assert glossary["entries"] == TERMS and glossary["entry_count"] == 2
    listed = api.get("/v1/glossaries").json()["glossaries"]
    assert {k: v for k, v in glossary.items() if k != "entries"} in listed
    assert api.get(path).json() == glossary
    tsv = api.get(f"{path}/entries")
    assert tsv.text == "达摩院\tDAMO Academy\n人工智能\tAI\n"
    assert tsv.headers["content-type"] == "text/tab-separated-values; charset=utf-8"
    replaced = api.put(path, json={"name": "other", "entries": "苹果,Apple\n", "format": "csv"})
    assert replaced.json()["entries"] == {"苹果": "Apple"} and replaced.json()["name"] == "other"
    assert api.delete(path).status_code == 204
    for gone in (api.get(path), api.delete(path), api.get(f"{path}/entries")):
        assert gone.status_code == 404 and gone.json()["code"] == "unknown_glossary"


def test_terms_become_what_the_glossary_says_and_the_answer_says_which(
    api: TestClient, glossary: dict[str, Any]
) -> None:
    body = {"text": [TEXT, "今天天气很好。"], "glossary_id": glossary["id"]}
    one, other = api.post("/v1/translate", json=body).json()["translations"]
    assert "DAMO Academy" in one["text"] and "AI" in one["text"]
    assert {x["source"]: x["target"] for x in one["applied_terms"]} == TERMS
    assert one["missed_terms"] == other["applied_terms"] == []


def test_a_change_of_a_glossary_is_seen_at_once(api: TestClient, glossary: dict[str, Any]) -> None:
    body = {"text": TEXT, "glossary_id": glossary["id"]}
    assert "DAMO Academy" in api.post("/v1/translate", json=body).json()["translations"][0]["text"]
    entries = {"达摩院": "Institute X"}
    api.put(f"/v1/glossaries/{glossary['id']}", json={"name": "n", "entries": entries})
    assert "Institute X" in api.post("/v1/translate", json=body).json()["translations"][0]["text"]
    api.delete(f"/v1/glossaries/{glossary['id']}")
    assert api.post("/v1/translate", json=body).status_code == 404


def test_a_stream_applies_terms_too(api: TestClient, glossary: dict[str, Any]) -> None:
    body = {"text": TEXT, "glossary_id": glossary["id"]}
    assert "DAMO Academy" in api.post("/v1/translate/stream", json=body).text


@pytest.mark.parametrize(
    ("fields", "code", "mistake"),
    [
        ({"name": "n", "entries": "a\tb\nc"}, "invalid_glossary", "line 2: expected a term"),
        ({"name": "n", "entries": {}}, "invalid_glossary", "expected entries, found none"),
        ({"name": "n", "entries": {" ": "x"}}, "invalid_glossary", "is empty"),
        ({"name": " ", "entries": TERMS}, "invalid_glossary", "its name"),
        ({"entries": TERMS}, "invalid_request", "name is missing"),
        ({"name": "n", "entries": 1}, "invalid_request", "entries"),
        ({"name": "n", "entries": "a", "format": "xls"}, "invalid_request", "format must be"),
    ],
)
def test_what_is_wrong_with_a_glossary_is_named(
    api: TestClient, fields: dict[str, Any], code: str, mistake: str
) -> None:
    answer = api.post("/v1/glossaries", json=fields)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == code and mistake in answer.json()["error"]


def test_a_glossary_for_other_languages_is_refused(api: TestClient) -> None:
    body = {"name": "n", "entries": {"苹果": "Apfel"}, "source": "zh", "target": "de"}
    made = api.post("/v1/glossaries", json=body).json()
    answer = api.post("/v1/translate", json={"text": "苹果", "glossary_id": made["id"]})
    assert answer.status_code == 400 and "is for zh to de" in answer.json()["error"]
    api.delete(f"/v1/glossaries/{made['id']}")


@pytest.mark.parametrize("glossary_id", ["other", "0" * 32, "../x", "é"])
def test_an_unknown_glossary_is_a_404(api: TestClient, glossary_id: str) -> None:
    answer = api.post("/v1/translate", json={"text": TEXT, "glossary_id": glossary_id})
    assert answer.status_code == 404 and answer.json()["code"] == "unknown_glossary"
