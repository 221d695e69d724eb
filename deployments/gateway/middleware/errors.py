"""Answers for what nobody caught."""

from __future__ import annotations

import logging
import traceback

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("ray.serve")


class Errors:
    """A JSON 500 for whatever was not caught.

    The log gets type and place, since messages may quote the text.
    """

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
