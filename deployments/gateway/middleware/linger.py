"""Lets a client that sends too much read why it was refused."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.config import Limits
from deployments.gateway.traffic import WORK, Traffic

TOO_LARGE = 413


class Linger:
    """Sends a 413 at once, and discards what still arrives before the connection is closed.

    Closing it while data arrives resets it, and a client that reads only when it has sent
    everything would never see the answer. For as long as a body may take, and as many bytes as may
    be buffered; not while there are as many bodies under way as there may be.
    """

    def __init__(self, app: ASGIApp, limits: Limits, traffic: Traffic) -> None:
        self.app, self.limits, self.traffic = app, limits, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WORK:
            await self.app(scope, receive, send)
            return
        status, complete = 0, False

        async def watch() -> Message:
            nonlocal complete
            message = await receive()
            complete = not message.get("more_body", False)
            return message

        async def hold(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            ends = message["type"] == "http.response.body" and not message.get("more_body", False)
            if complete or not ends or status != TOO_LARGE:
                await send(message)
                return
            await send({**message, "more_body": True})
            await self.discard(receive)
            await send({"type": "http.response.body", "body": b""})

        await self.app(scope, watch, hold)

    async def discard(self, receive: Receive) -> None:
        """Read what still arrives, within the limits."""
        if self.traffic.bodies >= self.limits.bodies:
            return
        left, more = self.limits.buffered_bytes, True
        self.traffic.bodies += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.body_read_s):
                    while more and left > 0:
                        message = await receive()
                        left -= len(message.get("body", b""))
                        more = message.get("more_body", False)
        finally:
            self.traffic.bodies -= 1
