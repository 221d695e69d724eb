"""What Ray's HTTP servers do with a request before they read its headers themselves.

Ray's own proxy imports this module, and so does each ingress replica behind HAProxy
(RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH in configs/serve.env), so it imports little.
"""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.front.rules import STEERING
from deployments.gateway.middleware.request_id import SAFE_ID

NAMES = frozenset(name.encode() for name in STEERING)


class CleanHeaders:
    """Takes away headers that steer Ray, and identifiers that could harm a log.

    Ray answers 500 where one of them is not UTF-8. It makes an identifier where there is none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            kept = [header for header in scope["headers"] if self.keeps(*header)]
            scope = {**scope, "headers": kept}
        await self.app(scope, receive, send)

    def keeps(self, name: bytes, value: bytes) -> bool:
        """Whether a header goes on to Ray."""
        normal = name.lower().replace(b"-", b"_")
        if normal == b"x_request_id":
            return SAFE_ID.fullmatch(value.decode("latin-1")) is not None
        return normal not in NAMES


def middlewares() -> list[Middleware]:
    """Called by Ray when a proxy starts."""
    return [Middleware(CleanHeaders)]
