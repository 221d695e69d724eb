"""Names every request."""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE_ID = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)


class RequestId:
    """Puts the request's id into scope["state"].

    Ray Serve makes one where the client sent none, and returns it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).get("x-request-id", "")
            scope.setdefault("state", {})["request_id"] = (
                given if SAFE_ID.fullmatch(given) else uuid.uuid4().hex
            )
        await self.app(scope, receive, send)
