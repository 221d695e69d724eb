"""docs/reference/http.md: every example gets the answer that it shows."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.markdown import code_blocks, rows

PAGE = "docs/reference/http.md"
VARIES = (
    "latency_ms",
    "request_id",
    "score",
    "timings",
    "id",
    "created",
)  # scores a little, on other CPUs
POSTED = ("/translate", "/v1/translate", "/v1/translate/stream", "/v1/documents")
BELOW = ("/v1/glossaries/", "/v1/documents/")  # paths whose tables are in their sections


def commands() -> list[list[str]]:
    """The arguments of every curl of the page, in order."""
    shown = "\n".join(code_blocks(PAGE, "sh")).replace("\\\n", " ")
    return [shlex.split(line) for line in shown.splitlines() if line]


def answers() -> list[dict[str, Any]]:
    """The JSON of the page, in order."""
    decoder, shown = json.JSONDecoder(), "\n".join(code_blocks(PAGE, "json")).strip()
    found = []
    while shown:
        answer, end = decoder.raw_decode(shown)
        found.append(answer)
        shown = shown[end:].strip()
    return found


@pytest.mark.parametrize(("command", "shown"), list(zip(commands(), answers(), strict=True)))
def test_each_curl_gets_the_answer_that_is_shown(
    command: list[str], shown: dict[str, Any], api: TestClient
) -> None:
    curl, url, *options = command
    path = url.removeprefix("http://127.0.0.1:8000")
    given = dict(zip(options[::2], options[1::2], strict=True))
    if "-d" in given:
        name, value = given["-H"].split(": ")
        response = api.post(path, content=given["-d"].encode(), headers={name: value})
    else:
        response = api.get(path)
    assert curl == "curl" and set(given) <= {"-d", "-H"}
    assert steady(response.json()) == steady(shown)
    assert scores(response.json()) == pytest.approx(scores(shown), abs=0.1)


def steady(value: Any) -> Any:
    """The value without what differs from call to call."""
    if isinstance(value, dict):
        return {name: "…" if name in VARIES else steady(inner) for name, inner in value.items()}
    return [steady(inner) for inner in value] if isinstance(value, list) else value


def scores(answer: dict[str, Any]) -> list[float]:
    """Those of its sentences."""
    return [sentence["score"] for sentence in answer.get("sentences", [])]


def test_the_routes_are_those_of_the_service(api: TestClient) -> None:
    listed = {
        path
        for first, _ in rows(PAGE, "HTTP API")
        for path in re.findall(r"(/[\w./…]*)", re.sub(r"\]\([^)]*\)", "", first))
    }
    described = set(api.get("/openapi.json").json()["paths"])
    described -= {path for path in described if path.startswith(BELOW)}
    assert listed == described | {"/", "/docs", "/openapi.json", "/assets/…"}
    for path in listed - {"/assets/…", *POSTED}:
        assert api.get(path).status_code == 200, path
