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
from deployments.request.flow import Flow, Stages
from deployments.request.handles import ping, stage_call
from deployments.service import TranslationService
from deployments.stages.interfaces import PostprocessStage, PreprocessStage, TranslateStage
from pipeline.bundle import Languages


@serve.ingress()
class Ingress:
    """`models` and `translators` have the names of the models, the default first."""

    def __init__(
        self,
        config: ServiceConfig,
        models: Mapping[str, Languages],
        preprocess: DeploymentHandle[Any],
        translators: Mapping[str, DeploymentHandle[Any]],
        postprocess: DeploymentHandle[Any],
    ) -> None:
        self.config = config
        self.traffic = Traffic()
        stages = Stages(
            stage_call(preprocess, PreprocessStage.prepare),
            {
                name: stage_call(handle, TranslateStage.translate)
                for name, handle in translators.items()
            },
            stage_call(postprocess, PostprocessStage.review),
        )
        self.service = TranslationService(Flow(stages, config), models, config.limits)
        handles = {"preprocess": preprocess, "postprocess": postprocess, **translators}
        pings = {name: ping(handle) for name, handle in handles.items()}
        self.readiness = Readiness(pings, config.readiness)

    def __serve_build_asgi_app__(self) -> FastAPI:
        return make_app(self.service, self.readiness, self.traffic, self.config)

    async def drain(self) -> None:
        """From now on new requests and /readyz get 503."""
        self.traffic.draining = True

    async def under_way(self) -> int:
        """Requests that have not been answered yet."""
        return self.traffic.under_way
