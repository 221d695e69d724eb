"""The middleware around a route of our own, without Ray."""

from __future__ import annotations

import asyncio
import logging

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from deployments.errors import NotFound
from deployments.gateway.traffic import Traffic
from tests.deployments.gateway.middleware.applications import (
    Connection,
    app_of,
    client_of,
    echo,
    limits,
)

pytestmark = pytest.mark.anyio


async def test_more_work_than_is_admitted_gets_503_and_when_to_come_back() -> None:
    traffic, free = Traffic(), asyncio.Event()

    async def wait(_: Request) -> Response:
        await free.wait()
        return PlainTextResponse("done")

    async with client_of(app_of(wait, limits(concurrent=2), traffic)) as client:
        admitted = [asyncio.create_task(client.post("/")) for _ in range(2)]
        while traffic.working < 2:
            await asyncio.sleep(0)
        refused = await client.post("/")
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        free.set()
        assert [(await answer).status_code for answer in admitted] == [200, 200]
        assert (await client.post("/")).status_code == 200
    assert traffic.under_way == 0


async def test_pages_are_served_however_much_work_there_is_and_while_draining() -> None:
    traffic = Traffic(working=1, draining=True, bodies=1)
    async with client_of(app_of(echo, limits(concurrent=1, bodies=1), traffic)) as client:
        assert (await client.get("/")).status_code == 200
        traffic.bodies = 0
        refused = await client.post("/")
        assert (refused.status_code, refused.json()["code"]) == (503, "stopping")


async def test_an_error_that_nobody_caught_is_internal_and_logged_without_its_text(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(request: Request) -> Response:
        raise KeyError((await request.body()).decode())

    headers = {"x-request-id": "r-1"}
    monkeypatch.setattr(logging.getLogger("ray.serve"), "propagate", True)
    async with client_of(app_of(fail, limits(), Traffic())) as client:
        answer = await client.post("/", content="the user's text", headers=headers)
    assert (answer.status_code, answer.json()) == (500, {"code": "internal", "request_id": "r-1"})
    assert "request r-1: KeyError" in caplog.text and "test_middleware.py" in caplog.text
    assert "the user's text" not in caplog.text


async def test_an_error_that_was_raised_is_rendered_with_its_headers_and_not_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: Request) -> Response:
        error = NotFound("No such file")
        error.headers["Cache-Control"] = "no-store"
        raise error

    monkeypatch.setattr(logging.getLogger("ray.serve"), "propagate", True)
    async with client_of(app_of(refuse, limits(), Traffic())) as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["cache-control"] == "no-store"
    assert caplog.text == ""


async def test_an_identifier_that_could_harm_a_log_is_replaced() -> None:
    async def name(request: Request) -> Response:
        return PlainTextResponse(request.state.request_id)

    async with client_of(app_of(name, limits(), Traffic())) as client:
        for harmless in ("a", "0f-3:x/9_.=+", "x" * 128):
            assert (await client.get("/", headers={"x-request-id": harmless})).text == harmless
        for harmful in (b"a b", b"x" * 129, b"<script>", "é".encode()):
            made = await client.get("/", headers=[(b"x-request-id", harmful)])
            assert len(made.text) == 32


@pytest.mark.parametrize("whole", [True, False])
async def test_a_client_that_leaves_ends_its_request(whole: bool) -> None:
    traffic, cancelled = Traffic(), asyncio.Event()

    async def work(_: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    connection = Connection(app_of(work, limits(), traffic))
    connection.body(b"{", more=not whole)
    await asyncio.sleep(0.01)
    connection.leave()
    await connection.task
    assert cancelled.is_set() == whole
    assert traffic == Traffic() and connection.answers == []
