"""A route of the tests' own behind all middleware, and clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.config import Limits, load
from deployments.errors import ServiceError
from deployments.gateway.dialects.base import Dialect
from deployments.gateway.middleware.admission import Admission
from deployments.gateway.middleware.body import Body
from deployments.gateway.middleware.disconnect import Disconnect
from deployments.gateway.middleware.errors import Errors
from deployments.gateway.middleware.hosts import Hosts
from deployments.gateway.middleware.linger import Linger
from deployments.gateway.middleware.request_id import RequestId
from deployments.gateway.traffic import Traffic

Handler = Callable[[Request], Awaitable[Response]]


class Codes(Dialect):
    """Says which error it was."""

    prefix = "/"

    def add_routes(self, app: FastAPI) -> None:
        raise NotImplementedError

    def render(self, error: ServiceError, request_id: str) -> Response:
        return JSONResponse({"code": error.code, "request_id": request_id}, error.status)


def limits(**changes: float) -> Limits:
    return load({"limits": changes}).limits


def app_of(handler: Handler, limits: Limits, traffic: Traffic) -> ASGIApp:
    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)

    admitted = Admission(Disconnect(route), limits, traffic)
    named = Hosts(Body(admitted, limits, traffic, {}), ("test", "*.example.org", "[::1]"))
    return RequestId(Linger(Errors(named, [Codes()]), limits, traffic))


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def echo(request: Request) -> Response:
    return Response(await request.body())


class Connection:
    """A client that sends its messages when told to, and what it was answered."""

    def __init__(self, app: ASGIApp, *headers: tuple[bytes, bytes], method: str = "POST") -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.answers: list[Message] = []
        scope = {
            "type": "http",
            "method": method,
            "path": "/",
            "headers": list(headers),
            "query_string": b"",
        }
        self.task = asyncio.ensure_future(app(scope, self.messages.get, self.send))

    async def send(self, message: Message) -> None:
        self.answers.append(message)

    def body(self, piece: bytes, more: bool = False) -> None:
        self.messages.put_nowait({"type": "http.request", "body": piece, "more_body": more})

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})

    async def status(self) -> Any:
        await self.task
        return self.answers[0]["status"]
