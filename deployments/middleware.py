"""What every request passes before and after its route: pure ASGI, outermost first.

RequestId names the request, Errors answers for what nobody caught, Body takes the whole body in within
its limits, Admission bounds the work under way, Disconnect stops work that nobody waits for.
"""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
import uuid
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.config import Limits

logger = logging.getLogger("ray.serve")

SAFE_ID = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)
WORK = frozenset({"POST", "PUT", "PATCH", "DELETE"})  # methods whose requests are admitted, or refused for load


@dataclass
class Traffic:
    """What is under way in this replica. One event loop changes it."""

    bodies: int = 0  # requests whose body is still arriving
    buffered: int = 0  # bytes of these bodies
    working: int = 0  # requests that were admitted
    draining: bool = False  # new ones are refused

    @property
    def under_way(self) -> int:
        return self.bodies + self.working


def refuse(status: int, error: str, retry_after_s: int | None = None) -> JSONResponse:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return JSONResponse({"error": error}, status, headers)


class RequestId:
    """Puts the request's id into scope["state"]. Ray Serve makes one where the client sent none, and returns it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).get("x-request-id", "")
            scope.setdefault("state", {})["request_id"] = given if SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        await self.app(scope, receive, send)


class Errors:
    """A JSON 500 for whatever was not caught. The log gets type and place, since messages may quote the text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            request_id = scope["state"]["request_id"]
            place = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s in request %s\n%s", type(error).__name__, request_id, place)
            if started:
                raise
            response = JSONResponse({"error": "Internal error", "request_id": request_id}, 500)
            await response(scope, receive, send)


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


class Admission:
    """At most so many requests that mean work; none while the replica drains."""

    def __init__(self, app: ASGIApp, limits: Limits, traffic: Traffic) -> None:
        self.app, self.limits, self.traffic = app, limits, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WORK:
            await self.app(scope, receive, send)
        elif self.traffic.draining:
            await refuse(503, "The service is stopping", 5)(scope, receive, send)
        elif self.traffic.working >= self.limits.concurrent:
            await refuse(503, "The service is busy", 1)(scope, receive, send)
        else:
            self.traffic.working += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.traffic.working -= 1


class Disconnect:
    """Cancels the work for a client that left. Ray Serve does too, unless the client asks it not to."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await receive()
        gone = asyncio.ensure_future(receive())  # with the body read, all that can come
        work = asyncio.ensure_future(self.app(scope, first(body, lambda: asyncio.shield(gone)), send))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
            else:
                work.result()
        finally:
            work.cancel()
            gone.cancel()
