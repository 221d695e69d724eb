"""The ASGI application of an ingress replica: middleware around routes, errors in a dialect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from deployments.config import ServiceConfig
from deployments.documents.apart import Apart
from deployments.documents.worker import Worker
from deployments.errors import MethodNotAllowed, NotFound
from deployments.gateway.access import Access
from deployments.gateway.api.documents import PATH as DOCUMENTS
from deployments.gateway.api.routes import STREAM, Api
from deployments.gateway.dialects.base import Dialect
from deployments.gateway.dialects.seed import Seed
from deployments.gateway.health import Readiness, add_health
from deployments.gateway.middleware.admission import Admission
from deployments.gateway.middleware.body import Body
from deployments.gateway.middleware.disconnect import Disconnect
from deployments.gateway.middleware.errors import Errors
from deployments.gateway.middleware.hosts import Hosts
from deployments.gateway.middleware.linger import Linger
from deployments.gateway.middleware.request_id import RequestId
from deployments.gateway.page import add_page
from deployments.gateway.traffic import Traffic
from deployments.service import TranslationService


def make_app(
    service: TranslationService, readiness: Readiness, traffic: Traffic, config: ServiceConfig
) -> FastAPI:
    """`readiness` is kept up to date while the application runs."""
    http, limits = config.http, config.limits
    bounds = {"bytes": limits.document_bytes, "characters": limits.document_characters}
    worker = Worker(service, Apart(bounds))
    larger = {STREAM: limits.stream_body_bytes, DOCUMENTS: limits.form_bytes}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(readiness.watch()), asyncio.create_task(worker.run())]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await service.store.close()

    app = FastAPI(
        title="csanmt-serve",
        description="Chinese to English translation with CSANMT",
        servers=[{"url": "."}],  # where this description is, under whatever prefix of a proxy
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    access = Access(service.store.keys, required=http.keys == "required")
    dialects: list[Dialect] = [Api(service, access, worker), Seed(service, access)]
    app.add_middleware(Disconnect)  # the last one added is the outermost
    app.add_middleware(Admission, limits, traffic)
    app.add_middleware(Body, limits, traffic, larger)
    app.add_middleware(Hosts, http.names)
    app.add_middleware(Errors, dialects)
    app.add_middleware(Linger, limits, traffic)
    if http.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=http.origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
            expose_headers=["Retry-After", "Server-Timing", "X-Request-ID"],
        )
    app.add_middleware(RequestId)
    app.add_exception_handler(HTTPException, raise_own)
    for dialect in dialects:
        dialect.add_routes(app)
    add_health(app, readiness, traffic)
    add_page(app)
    return app


async def raise_own(_: Request, error: Exception) -> NoReturn:
    """The framework's unknown routes and wrong methods, as errors of our own."""
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            raise NotFound from None
        case 405:
            raise MethodNotAllowed((error.headers or {})["Allow"]) from None
        case _:
            raise error
