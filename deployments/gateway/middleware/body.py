"""What every request passes before and after its route: pure ASGI, outermost first.

RequestId names the request, Errors answers for what nobody caught, Body takes the whole body in
within its limits, Admission bounds the work under way, Disconnect stops work that nobody waits for.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.config import Limits
from deployments.gateway.traffic import Traffic


def refuse(status: int, error: str, retry_after_s: int | None = None) -> JSONResponse:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return JSONResponse({"error": error}, status, headers)


class Body:
    """Takes the whole body in, then calls the app with it; 413, 408 or 503 otherwise."""

    def __init__(self, app: ASGIApp, limits: Limits, traffic: Traffic) -> None:
        self.app, self.limits, self.traffic = app, limits, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = await self.read(Headers(scope=scope), receive)
        match answer:
            case bytes():
                whole: Message = {"type": "http.request", "body": answer, "more_body": False}
                await self.app(scope, first(whole, receive), send)
            case JSONResponse():
                answer.headers["Connection"] = "close"  # what is left of the body is not wanted
                await answer(scope, receive, send)

    async def read(self, headers: Headers, receive: Receive) -> bytes | JSONResponse | None:
        """The body, the refusal of it, or None if the client left."""
        limits, traffic = self.limits, self.traffic
        if int(headers.get("content-length", 0)) > limits.body_bytes:
            return self.too_large()
        if traffic.bodies >= limits.bodies or traffic.buffered >= limits.buffered_bytes:
            return refuse(503, "The service is busy", 1)
        chunks, size, more = [], 0, True
        traffic.bodies += 1
        try:
            async with asyncio.timeout(limits.body_read_s):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    chunk = message.get("body", b"")
                    more = message.get("more_body", False)
                    chunks.append(chunk)
                    size += len(chunk)
                    traffic.buffered += len(chunk)
                    if size > limits.body_bytes:
                        return self.too_large()
                    if more and traffic.buffered >= limits.buffered_bytes:
                        return refuse(503, "The service is busy", 1)
        except TimeoutError:
            return refuse(408, f"The body did not arrive within {limits.body_read_s:g} seconds")
        finally:
            traffic.bodies -= 1
            traffic.buffered -= size
        return b"".join(chunks)

    def too_large(self) -> JSONResponse:
        return refuse(413, f"The body is larger than the limit of {self.limits.body_bytes} bytes")


def first(message: Message, then: Receive) -> Receive:
    """A `receive` that gives `message`, and after it what `then` gives."""
    messages = iter([message])

    async def receive() -> Message:
        for given in messages:
            return given
        return await then()

    return receive
