"""What bodies cost those who wait beside them."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from starlette.requests import Request

from deployments.config import load
from deployments.errors import InvalidRequest
from deployments.gateway import json_body
from deployments.gateway.json_body import SMALL_BYTES, JsonBodies, parse

pytestmark = pytest.mark.anyio

LARGE = b'{"text":"a","x":[' + b",".join([b"[]"] * SMALL_BYTES) + b"]}"


def request(body: bytes) -> Request:
    headers = [(b"content-type", b"application/json")]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def test_others_have_their_turn_between_two_large_bodies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def watched(body: bytes) -> dict[str, Any]:
        done.append("body")
        return parse(body)

    async def others() -> None:
        while True:
            done.append("others")
            await asyncio.sleep(0)

    monkeypatch.setattr(json_body, "parse", watched)
    bodies = JsonBodies()
    beside = asyncio.create_task(others())
    objects = await asyncio.gather(*(bodies.read(request(LARGE)) for _ in range(20)))
    beside.cancel()
    assert all(found["text"] == "a" for found in objects)
    assert done.count("body") == 20
    assert ("body", "body") not in pairwise(done)


async def test_a_large_body_that_is_wrong_leaves_the_next_its_turn() -> None:
    bodies = JsonBodies()
    wrong, right = await asyncio.gather(
        bodies.read(request(LARGE[:-1])), bodies.read(request(LARGE)), return_exceptions=True
    )
    assert str(wrong) == "Invalid request: the body is not JSON"
    assert isinstance(right, dict)


def test_the_longest_text_fits_however_it_is_written() -> None:
    limits = load({}).limits
    text = "𠀀" * limits.characters
    assert len(json.dumps({"text": text, "detail": True}).encode()) < limits.body_bytes


def test_pythons_search_for_cycles_runs_on_after_a_body() -> None:
    assert gc.isenabled()
    for body in (LARGE, LARGE[:-1]):
        with suppress(InvalidRequest), json_body.without_collections():
            assert not gc.isenabled()
            parse(body)
        assert gc.isenabled()
