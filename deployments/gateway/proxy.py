"""What Ray's HTTP proxy does with a request before it reads its headers itself.

The proxy's process imports this module (RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH in
configs/serve.env), so it imports little.
"""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.gateway.middleware.request_id import SAFE_ID

# By which a client would steer Ray: its deadline, whether it notices that the client left, and
# which replica it asks. As Ray compares them, with underscores.
STEERING = frozenset(
    {
        b"x_request_timeout_seconds",
        b"x_request_disconnect_disabled",
        b"serve_multiplexed_model_id",
        b"x_session_id",
    }
)


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
        return normal not in STEERING


def middlewares() -> list[Middleware]:
    """Called by Ray when a proxy starts."""
    return [Middleware(CleanHeaders)]
