"""Bounds the work under way."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.config import Limits
from deployments.gateway.middleware.body import refuse
from deployments.gateway.traffic import Traffic

WORK = frozenset(
    {"POST", "PUT", "PATCH", "DELETE"}
)  # methods whose requests are admitted, or refused for load


class Admission:
    """At most so many requests that mean work; none while the replica drains."""

    def __init__(self, app: ASGIApp, limits: Limits, traffic: Traffic) -> None:
        self.app, self.limits, self.traffic = app, limits, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WORK:
            await self.app(scope, receive, send)
        elif self.traffic.draining:
            await refuse(503, "The service is stopping", 5)(scope, receive, send)
        elif self.traffic.working >= self.limits.concurrent:
            await refuse(503, "The service is busy", 1)(scope, receive, send)
        else:
            self.traffic.working += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.traffic.working -= 1
