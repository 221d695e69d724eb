"""Bounds the work under way."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.config import Limits
from deployments.errors import Overloaded, Stopping
from deployments.gateway.traffic import WORK, Traffic


class Admission:
    """At most so many requests that mean work; none while the replica drains."""

    def __init__(self, app: ASGIApp, limits: Limits, traffic: Traffic) -> None:
        self.app, self.limits, self.traffic = app, limits, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WORK:
            await self.app(scope, receive, send)
            return
        if self.traffic.draining:
            raise Stopping
        if self.traffic.working >= self.limits.concurrent:
            raise Overloaded
        self.traffic.working += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.traffic.working -= 1
