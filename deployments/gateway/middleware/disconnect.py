"""Stops work that nobody waits for."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.gateway.middleware.body import first
from deployments.gateway.traffic import WORK


class Disconnect:
    """Cancels the work for a client that left.

    Ray Serve does too, unless the client asks it not to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WORK:
            await self.app(scope, receive, send)
            return
        body = await receive()
        # With the body read, all that can come is that the client leaves.
        departure = asyncio.ensure_future(receive())
        work = asyncio.ensure_future(
            self.app(scope, first(body, lambda: asyncio.shield(departure)), send)
        )
        try:
            await asyncio.wait({work, departure}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
            else:
                work.result()
        finally:
            work.cancel()
            departure.cancel()
