"""The HTTP API: routes, and errors as JSON.

Bodies are parsed here rather than by the framework, so that every malformed one gets the same kind
of answer: 400 and one sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from deployments.config import Limits
from deployments.gateway.api.translate import add_translate
from deployments.gateway.health import Readiness, add_health
from deployments.gateway.middleware.admission import Admission
from deployments.gateway.middleware.body import Body
from deployments.gateway.middleware.disconnect import Disconnect
from deployments.gateway.middleware.errors import Errors
from deployments.gateway.middleware.request_id import RequestId
from deployments.gateway.page import add_page
from deployments.gateway.traffic import Traffic
from deployments.request.flow import Flow

PHRASES = {404: "Not found", 405: "Method not allowed"}


def make_app(flow: Flow, readiness: Readiness, traffic: Traffic, limits: Limits) -> FastAPI:
    """The ASGI application of one ingress replica."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(readiness.watch())
        yield
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch

    app = FastAPI(
        title="csanmt-serve",
        description="Chinese to English translation with CSANMT",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    for middleware, arguments in (  # the last one added is the outermost
        (Disconnect, ()),
        (Admission, (limits, traffic)),
        (Body, (limits, traffic)),
        (Errors, ()),
        (RequestId, ()),
    ):
        app.add_middleware(middleware, *arguments)
    app.add_exception_handler(HTTPException, framework_error)
    add_translate(app, flow, limits)  # first, since routes are tried in order
    add_health(app, readiness, traffic)
    add_page(app)
    return app


async def framework_error(_: Request, error: Exception) -> Response:
    """An unknown route, a wrong method, or an error raised with a sentence of our own."""
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {"error": PHRASES.get(error.status_code, error.detail)}, error.status_code, error.headers
    )
