"""Bodies that are whole, too large, too slow or endless, without Ray."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from deployments.gateway.traffic import Traffic
from tests.deployments.gateway.middleware.applications import (
    Connection,
    app_of,
    echo,
    limits,
)

pytestmark = pytest.mark.anyio


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
