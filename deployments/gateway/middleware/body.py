"""Takes bodies in, within the limits of their size, their time and what all of them hold."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.config import Limits
from deployments.errors import BodyTooLarge, BodyTooSlow, InvalidRequest, Overloaded, ServiceError
from deployments.gateway.traffic import WORK, Traffic


class Body:
    """Takes the whole body in, then calls the app with it.

    `larger` are the limits in bytes of paths, and of what is below them, that take more than
    `limits.body_bytes`.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, traffic: Traffic, larger: Mapping[str, int]
    ) -> None:
        self.app, self.limits, self.traffic, self.larger = app, limits, traffic, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WORK:
            await self.app(scope, receive, send)
            return
        try:
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            body = await self.read(Headers(scope=scope), receive, self.most(path))
        except ServiceError as error:
            error.headers["Connection"] = "close"  # the rest of the body will not be read
            raise
        if body is not None:
            whole: Message = {"type": "http.request", "body": body, "more_body": False}
            await self.app(scope, first(whole, receive), send)

    def most(self, path: str) -> int:
        """Bytes of a body that is sent there."""
        within = (most for above, most in self.larger.items() if f"{path}/".startswith(f"{above}/"))
        return next(within, self.limits.body_bytes)

    async def read(self, headers: Headers, receive: Receive, most: int) -> bytes | None:
        """The body of `most` bytes at most, or None if the client left.

        Raises BodyTooLarge, BodyTooSlow, Overloaded or InvalidRequest.
        """
        limits, traffic = self.limits, self.traffic
        if declared_length(headers) > most:
            raise BodyTooLarge(most)
        if traffic.bodies >= limits.bodies or traffic.buffered >= limits.buffered_bytes:
            raise Overloaded
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
                    if size > most:
                        raise BodyTooLarge(most)
                    if more and traffic.buffered >= limits.buffered_bytes:
                        raise Overloaded
        except TimeoutError:
            raise BodyTooSlow(limits.body_read_s) from None
        finally:
            traffic.bodies -= 1
            traffic.buffered -= size
        return b"".join(chunks)


def declared_length(headers: Headers) -> int:
    """Content-Length in bytes, 0 where there is none; raises InvalidRequest if it is no number."""
    length = headers.get("content-length", "0")
    if not re.fullmatch("[0-9]{1,18}", length):
        raise InvalidRequest("Content-Length is not a number")
    return int(length)


def first(message: Message, then: Receive) -> Receive:
    """A `receive` that gives `message`, and after it what `then` gives."""
    messages = iter([message])

    async def receive() -> Message:
        for given in messages:
            return given
        return await then()

    return receive
