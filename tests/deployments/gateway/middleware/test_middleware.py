"""The middleware around a route of our own, without Ray."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.config import Limits, load
from deployments.errors import NotFound, ServiceError
from deployments.gateway.dialects.base import Dialect
from deployments.gateway.middleware.admission import Admission
from deployments.gateway.middleware.body import Body
from deployments.gateway.middleware.disconnect import Disconnect
from deployments.gateway.middleware.errors import Errors
from deployments.gateway.middleware.hosts import Hosts
from deployments.gateway.middleware.linger import Linger
from deployments.gateway.middleware.request_id import RequestId
from deployments.gateway.traffic import Traffic

pytestmark = pytest.mark.anyio

Handler = Callable[[Request], Awaitable[Response]]


class Codes(Dialect):
    """Says which error it was."""

    def add_routes(self, app: FastAPI) -> None:
        raise NotImplementedError

    def render(self, error: ServiceError, request_id: str) -> Response:
        return JSONResponse({"code": error.code, "request_id": request_id}, error.status)


def limits(**changes: float) -> Limits:
    return load({"limits": changes}).limits


def app_of(handler: Handler, limits: Limits, traffic: Traffic) -> ASGIApp:
    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)

    admitted = Admission(Disconnect(route), limits, traffic)
    named = Hosts(Body(admitted, limits, traffic), ("test", "*.example.org", "[::1]"))
    return RequestId(Linger(Errors(named, Codes()), limits, traffic))


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def echo(request: Request) -> Response:
    return Response(await request.body())


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


class Connection:
    """A client that sends its messages when told to, and what it was answered."""

    def __init__(self, app: ASGIApp, *headers: tuple[bytes, bytes], method: str = "POST") -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.answers: list[Message] = []
        scope = {
            "type": "http",
            "method": method,
            "path": "/",
            "headers": list(headers),
            "query_string": b"",
        }
        self.task = asyncio.ensure_future(app(scope, self.messages.get, self.send))

    async def send(self, message: Message) -> None:
        self.answers.append(message)

    def body(self, piece: bytes, more: bool = False) -> None:
        self.messages.put_nowait({"type": "http.request", "body": piece, "more_body": more})

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})

    async def status(self) -> Any:
        await self.task
        return self.answers[0]["status"]


async def test_a_body_in_pieces_arrives_whole() -> None:
    traffic = Traffic()
    connection = Connection(app_of(echo, limits(), traffic))
    for piece in (b"one ", b"", b"two"):
        connection.body(piece, more=piece != b"two")
    assert await connection.status() == 200
    assert connection.answers[1]["body"] == b"one two"
    assert traffic == Traffic()


async def test_a_body_is_refused_by_its_length_or_as_soon_as_it_is_too_long() -> None:
    app = app_of(echo, limits(body_bytes=10, body_read_s=0.05), Traffic())
    assert await Connection(app, (b"content-length", b"11")).status() == 413
    connection = Connection(app)
    connection.body(b"123456", more=True)
    connection.body(b"789012", more=True)
    assert await connection.status() == 413
    exact = Connection(app)
    exact.body(b"1234567890")
    assert await exact.status() == 200


async def test_a_client_that_sends_too_much_is_answered_at_once_and_heard_to_the_end() -> None:
    traffic = Traffic()
    connection = Connection(
        app_of(echo, limits(body_bytes=10), traffic), (b"content-length", b"30")
    )
    while len(connection.answers) < 2:
        await asyncio.sleep(0)
    start, body = connection.answers
    assert start["status"] == 413 and dict(start["headers"])[b"connection"] == b"close"
    assert len(body["body"]) == int(dict(start["headers"])[b"content-length"])
    assert body["more_body"] and traffic.bodies == 1
    for more in (True, True, False):
        assert not connection.task.done()
        connection.body(b"0123456789", more=more)
        await asyncio.sleep(0.01)
    await connection.task
    assert connection.answers[2:] == [{"type": "http.response.body", "body": b""}]
    assert connection.messages.empty() and traffic == Traffic()


@pytest.mark.parametrize(
    ("bound", "bodies"),
    [({"body_read_s": 0.05}, 0), ({"buffered_bytes": 25}, 0), ({"bodies": 9}, 9)],
)
async def test_a_client_that_goes_on_sending_is_heard_for_a_while_only(
    bound: dict[str, float], bodies: int
) -> None:
    traffic = Traffic(bodies=bodies)
    app = app_of(echo, limits(body_bytes=10, **bound), traffic)
    connection = Connection(app, (b"content-length", b"1000"))
    connection.body(b"0123456789" * 4, more=True)
    assert await asyncio.wait_for(connection.status(), 4) == 413
    assert traffic == Traffic(bodies=bodies)


@pytest.mark.parametrize(
    "host",
    ["test", "TEST", "test.", "test:8000", "a.example.org", "a.b.example.org:1", "[::1]:80", None],
)
async def test_answers_to_its_names(host: str | None) -> None:
    headers = [] if host is None else [(b"host", host.encode())]
    connection = Connection(app_of(echo, limits(), Traffic()), *headers)
    connection.body(b"")
    assert await connection.status() == 200


OTHERS = ["evil.test", "test.evil", "testevil", "example.org", "127.0.0.1", "", "[::2]", "te st"]


@pytest.mark.parametrize("host", [*OTHERS, "é", ":"])
@pytest.mark.parametrize(("path", "status"), [("/", 400), ("/translate", 400), ("/readyz", 200)])
async def test_refuses_other_names_but_of_probes(host: str, path: str, status: int) -> None:
    async with client_of(app_of(echo, limits(), Traffic())) as client:
        answer = await client.get(path, headers=[(b"host", host.encode())])
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "unknown_host"


@pytest.mark.parametrize("length", ["", "x", "-1", "+5", "1e3", "1.0", "٣", "1" * 19, "1, 1"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    app = app_of(echo, limits(), Traffic())
    assert await Connection(app, (b"content-length", length.encode())).status() == 400


async def test_pages_wait_for_no_body() -> None:
    async def page(_: Request) -> Response:
        return PlainTextResponse("page")

    connection = Connection(
        app_of(page, limits(), Traffic()), (b"content-length", b"1000"), method="GET"
    )
    connection.body(b"{", more=True)
    assert await asyncio.wait_for(connection.status(), 4) == 200


async def test_a_body_that_does_not_end_gets_408() -> None:
    traffic = Traffic()
    connection = Connection(app_of(echo, limits(body_read_s=0.05), traffic))
    connection.body(b"{", more=True)
    assert await connection.status() == 408
    assert traffic == Traffic()


async def test_bodies_under_way_are_bounded_in_number_and_bytes() -> None:
    for bound in ({"bodies": 1}, {"buffered_bytes": 5}):
        traffic = Traffic()
        app = app_of(echo, limits(**bound), traffic)
        first = Connection(app)
        first.body(b"1234", more=True)
        while not traffic.buffered:
            await asyncio.sleep(0)
        second = Connection(app)
        second.body(b"1234", more=True)
        assert await second.status() == 503
        first.body(b"", more=False)
        assert await first.status() == 200
        assert traffic == Traffic()


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
