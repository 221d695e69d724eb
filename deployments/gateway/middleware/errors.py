"""The one place where an error becomes a response."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.errors import (
    GlossariesFull,
    Internal,
    InvalidGlossaryText,
    NoRoom,
    ServiceError,
    StateUnavailable,
    described,
)
from deployments.gateway.dialects.base import Dialect
from deployments.store.errors import StoreUnavailable, TooManyDocuments, TooManyGlossaries
from pipeline.glossary import InvalidGlossary

logger = logging.getLogger("ray.serve")


class Errors:
    """Has the first dialect with the path's prefix render what was raised; what is no ServiceError
    is an internal error.
    """

    def __init__(self, app: ASGIApp, dialects: Sequence[Dialect]) -> None:
        self.app, self.dialects = app, dialects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, started = scope["state"]["request_id"], False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            refusal = stated(error)
            if refusal is not error and isinstance(refusal, Internal):
                logger.error("request %s: %s", request_id, described(error))
            if started:
                raise
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            dialect = next(found for found in self.dialects if path.startswith(found.prefix))
            response = dialect.render(refusal, request_id)
            response.headers.update(refusal.headers)
            await response(scope, receive, send)


def stated(error: Exception) -> ServiceError:
    """What a client is told of it. What the store could not do, it has logged itself."""
    match error:
        case ServiceError():
            return error
        case StoreUnavailable():
            return StateUnavailable()
        case InvalidGlossary():
            return InvalidGlossaryText(str(error))  # which names a line, and quotes no term
        case TooManyGlossaries(limit=limit):
            return GlossariesFull(limit)
        case TooManyDocuments():
            return NoRoom()
        case _:
            return Internal()
