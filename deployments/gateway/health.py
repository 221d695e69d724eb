"""Whether the service can translate, answered from memory.

A translator takes calls only after its canary passed, so one that answers a ping can translate.
Pings ask no model, and a deployment counts as lost only after `stale_s` without any answer, so that
overload never makes the service look broken.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from ray.serve.handle import DeploymentHandle
from starlette.responses import JSONResponse, Response

from deployments import config
from deployments.gateway.api.schemas import ErrorResponse
from deployments.gateway.traffic import Traffic

logger = logging.getLogger("ray.serve")

STARTING_S = 0.2  # pause between pings until the first answer


class Readiness:
    def __init__(
        self, handles: Mapping[str, DeploymentHandle[Any]], settings: config.Readiness
    ) -> None:
        self.handles, self.settings = handles, settings
        self.answered: dict[str, float] = {}  # when each deployment last did

    def ready(self) -> bool:
        oldest = time.monotonic() - self.settings.stale_s
        return all(self.answered.get(name, oldest) > oldest for name in self.handles)

    async def watch(self) -> None:
        """Pings every deployment until cancelled."""
        await asyncio.gather(*(self.follow(name) for name in self.handles))

    async def follow(self, name: str) -> None:
        while True:
            await self.ping(name)
            await asyncio.sleep(self.settings.refresh_s if name in self.answered else STARTING_S)

    async def ping(self, name: str) -> None:
        response: Any = self.handles[name].ping.remote()
        try:
            async with asyncio.timeout(self.settings.stale_s):
                await response
        except asyncio.CancelledError:
            response.cancel()
            raise
        except Exception as error:
            response.cancel()
            logger.warning("%s does not answer: %s", name, type(error).__name__)
        else:
            self.answered[name] = time.monotonic()


RETRY = {"Retry-After": "1"}


def add_health(app: FastAPI, readiness: Readiness, traffic: Traffic) -> None:
    @app.get("/livez", summary="Whether this part of the service runs")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/readyz",
        summary="Whether the service translates: the canary passed on a translator that answers",
        responses={503: {"model": ErrorResponse}},
    )
    async def readyz() -> Response:
        if traffic.draining:
            return JSONResponse({"error": "The service is stopping"}, 503)
        if not readiness.ready():
            return JSONResponse({"error": "The service is starting"}, 503, RETRY)
        return JSONResponse({"status": "ready"})
