"""The middleware around a route of our own, without Ray."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.config import Limits, load
from deployments.gateway.middleware.admission import Admission
from deployments.gateway.middleware.body import Body
from deployments.gateway.middleware.disconnect import Disconnect
from deployments.gateway.middleware.errors import Errors
from deployments.gateway.middleware.request_id import RequestId
from deployments.gateway.traffic import Traffic

Handler = Callable[[Request], Awaitable[Response]]


def limits(**changes: float) -> Limits:
    return load({"limits": changes}).limits


def app_of(handler: Handler, limits: Limits, traffic: Traffic) -> ASGIApp:
    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)

    return RequestId(Errors(Body(Admission(Disconnect(route), limits, traffic), limits, traffic)))


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def echo(request: Request) -> Response:
    return Response(await request.body())


def test_more_work_than_is_admitted_gets_503_and_when_to_come_back() -> None:
    async def scenario() -> None:
        traffic, free = Traffic(), asyncio.Event()

        async def wait(_: Request) -> Response:
            await free.wait()
            return PlainTextResponse("done")

        async with client_of(app_of(wait, limits(concurrent=2), traffic)) as client:
            admitted = [asyncio.create_task(client.post("/")) for _ in range(2)]
            while traffic.working < 2:
                await asyncio.sleep(0)
            refused = await client.post("/")
            assert (refused.status_code, refused.json()) == (503, {"error": "The service is busy"})
            assert refused.headers["retry-after"] == "1"
            free.set()
            assert [(await answer).status_code for answer in admitted] == [200, 200]
            assert (await client.post("/")).status_code == 200
        assert traffic.under_way == 0

    asyncio.run(scenario())


def test_pages_are_served_however_much_work_there_is_and_while_draining() -> None:
    async def scenario() -> None:
        traffic = Traffic(working=1, draining=True)
        async with client_of(app_of(echo, limits(concurrent=1), traffic)) as client:
            assert (await client.get("/")).status_code == 200
            refused = await client.post("/")
            assert (refused.status_code, refused.json()) == (
                503,
                {"error": "The service is stopping"},
            )

    asyncio.run(scenario())


def test_an_error_that_nobody_caught_is_json_and_quotes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        async def fail(request: Request) -> Response:
            raise KeyError((await request.body()).decode())

        async with client_of(app_of(fail, limits(), Traffic())) as client:
            answer = await client.post(
                "/", content="the user's text", headers={"x-request-id": "r-1"}
            )
        assert answer.status_code == 500
        assert answer.json() == {"error": "Internal error", "request_id": "r-1"}

    logging.getLogger("ray.serve").propagate = True
    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert "KeyError in request r-1" in caplog.text and "test_middleware.py" in caplog.text
    assert "the user's text" not in caplog.text


def test_an_identifier_that_could_harm_a_log_is_replaced() -> None:
    async def scenario() -> None:
        async def name(request: Request) -> Response:
            return PlainTextResponse(request.state.request_id)

        async with client_of(app_of(name, limits(), Traffic())) as client:
            for harmless in ("a", "0f-3:x/9_.=+", "x" * 128):
                assert (await client.get("/", headers={"x-request-id": harmless})).text == harmless
            for harmful in ("a b", "x" * 129, "<script>", "é".encode()):
                assert len((await client.get("/", headers={"x-request-id": harmful})).text) == 32  # type: ignore[dict-item]

    asyncio.run(scenario())


class Connection:
    """A client that sends its messages when told to, and what it was answered."""

    def __init__(self, app: ASGIApp, headers: list[tuple[bytes, bytes]] = []) -> None:  # noqa: B006
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.answers: list[Message] = []
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": headers,
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


def test_a_body_in_pieces_arrives_whole() -> None:
    async def scenario() -> None:
        traffic = Traffic()
        connection = Connection(app_of(echo, limits(), traffic))
        for piece in (b"one ", b"", b"two"):
            connection.body(piece, more=piece != b"two")
        assert await connection.status() == 200
        assert connection.answers[1]["body"] == b"one two"
        assert traffic == Traffic()

    asyncio.run(scenario())


def test_a_body_is_refused_by_its_length_or_as_soon_as_it_is_too_long() -> None:
    async def scenario() -> None:
        app = app_of(echo, limits(body_bytes=10), Traffic())
        assert await Connection(app, [(b"content-length", b"11")]).status() == 413
        connection = Connection(app)
        connection.body(b"123456", more=True)
        connection.body(b"789012", more=True)
        assert await connection.status() == 413
        exact = Connection(app)
        exact.body(b"1234567890")
        assert await exact.status() == 200

    asyncio.run(scenario())


def test_a_body_that_does_not_end_gets_408() -> None:
    async def scenario() -> None:
        traffic = Traffic()
        connection = Connection(app_of(echo, limits(body_read_s=0.05), traffic))
        connection.body(b"{", more=True)
        assert await connection.status() == 408
        assert traffic == Traffic()

    asyncio.run(scenario())


def test_bodies_under_way_are_bounded_in_number_and_bytes() -> None:
    async def scenario() -> None:
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

    asyncio.run(scenario())


@pytest.mark.parametrize("whole", [True, False])
def test_a_client_that_leaves_ends_its_request(whole: bool) -> None:
    async def scenario() -> None:
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

    asyncio.run(scenario())
