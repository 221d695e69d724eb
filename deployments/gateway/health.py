"""Whether the service can translate, answered from memory.

A translator takes calls only after its canary passed, so one that answers a ping can translate.
Pings ask no model, and a deployment counts as lost only after `stale_s` without any answer, so that
overload never makes the service look broken.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from fastapi import FastAPI
from starlette.responses import JSONResponse, Response

from deployments.config import ReadinessSettings
from deployments.errors import Starting, Stopping
from deployments.gateway.dialects.seed import ErrorResponse
from deployments.gateway.traffic import Traffic
from deployments.request.handles import Pending

logger = logging.getLogger("ray.serve")

STARTING_S = 0.2  # pause between pings until the first answer


class Readiness:
    """`pings` are calls that every deployment, by its name, answers if it can work."""

    def __init__(
        self, pings: Mapping[str, Callable[[], Pending[None]]], settings: ReadinessSettings
    ) -> None:
        self.pings, self.settings = pings, settings
        self.answered: dict[str, float] = {}  # when each deployment last did

    def ready(self) -> bool:
        """Whether every deployment answered within the last `stale_s`."""
        oldest = time.monotonic() - self.settings.stale_s
        return all(self.answered.get(name, oldest) > oldest for name in self.pings)

    async def watch(self) -> None:
        """Pings every deployment until cancelled."""
        await asyncio.gather(*map(self._follow, self.pings))

    async def _follow(self, name: str) -> None:
        while True:
            await self._ping(name)
            await asyncio.sleep(self.settings.refresh_s if name in self.answered else STARTING_S)

    async def _ping(self, name: str) -> None:
        answer = self.pings[name]()
        try:
            async with asyncio.timeout(self.settings.stale_s):
                await answer
        except asyncio.CancelledError:
            answer.cancel()
            raise
        except Exception as error:
            answer.cancel()
            logger.warning("%s does not answer: %s", name, type(error).__name__)
        else:
            self.answered[name] = time.monotonic()


def add_health(app: FastAPI, readiness: Readiness, traffic: Traffic) -> None:
    """Serve `/livez` and `/readyz`."""

    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    async def readyz() -> Response:
        if traffic.draining:
            raise Stopping
        if not readiness.ready():
            raise Starting
        return JSONResponse({"status": "ready"})

    # Many probes use HEAD, which the API's description would take for an operation of its own.
    app.add_api_route("/livez", livez, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/readyz", readyz, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route(
        "/livez", livez, tags=["about"], summary="Whether this part of the service runs"
    )
    app.add_api_route(
        "/readyz",
        readyz,
        tags=["about"],
        summary="Whether the service translates: the canary passed on a translator that answers",
        responses={503: {"model": ErrorResponse}},
    )
