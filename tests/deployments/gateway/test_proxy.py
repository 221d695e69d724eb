from __future__ import annotations

import pytest
from ray.serve._private.http_util import validate_http_proxy_callback_return
from starlette.middleware import Middleware
from starlette.types import Message, Receive, Scope, Send

from deployments.gateway.proxy import CleanHeaders, middlewares

pytestmark = pytest.mark.anyio

Headers = list[tuple[bytes, bytes]]


async def passed(*headers: tuple[bytes, bytes]) -> Headers:
    """The headers that reach Ray."""
    seen: Headers = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.extend(scope["headers"])

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    await CleanHeaders(app)({"type": "http", "headers": list(headers)}, receive, send)
    return seen


@pytest.mark.parametrize(
    "name",
    [
        b"x-request-timeout-seconds",
        b"x-request-disconnect-disabled",
        b"serve_multiplexed_model_id",
        b"serve-multiplexed-model-id",
        b"X-Session-ID",
    ],
)
async def test_no_header_that_steers_ray_gets_through(name: bytes) -> None:
    others = [(b"host", b"localhost"), (b"x-request", b"\xe9"), (b"content-type", b"text/plain")]
    assert await passed(others[0], (name, b"0"), (name, b"\xe9"), *others[1:]) == others


@pytest.mark.parametrize(
    ("value", "kept"),
    [(b"abc-1", True), (b"\xe9", False), ("é".encode(), False), (b"a b", False), (b"", False)],
)
async def test_only_harmless_identifiers_get_through(value: bytes, kept: bool) -> None:
    assert await passed((b"x-request-id", value)) == [(b"x-request-id", value)] * kept


def test_ray_accepts_them() -> None:
    found = validate_http_proxy_callback_return(middlewares())
    assert [middleware.cls for middleware in found] == [CleanHeaders]
    assert all(isinstance(middleware, Middleware) for middleware in found)
