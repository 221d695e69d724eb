"""The ingress deployment: HTTP in front of the other three.

It holds no state, and runs at least twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.serve.handle import DeploymentHandle

from deployments.config import ServiceConfig
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.request.flow import Flow


@serve.ingress()
class Ingress:
    """`translators` maps model names to their deployments, the default first."""

    def __init__(
        self,
        config: ServiceConfig,
        preprocess: DeploymentHandle[Any],
        translators: Mapping[str, DeploymentHandle[Any]],
        postprocess: DeploymentHandle[Any],
    ) -> None:
        self.limits = config.limits
        self.traffic = Traffic()
        self.flow = Flow(preprocess, translators, postprocess, config)
        self.readiness = Readiness(
            {"preprocess": preprocess, "postprocess": postprocess, **translators}, config.readiness
        )

    def __serve_build_asgi_app__(self) -> FastAPI:
        return make_app(self.flow, self.readiness, self.traffic, self.limits)

    async def drain(self) -> None:
        """From now on new requests and /readyz get 503."""
        self.traffic.draining = True

    async def under_way(self) -> int:
        """Requests that have not been answered yet."""
        return self.traffic.under_way
