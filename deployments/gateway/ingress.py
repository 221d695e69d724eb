"""The ingress deployment: HTTP in front of the others.

It holds no state, and runs at least twice. Where `stages` are together, it prepares and reviews
texts itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.serve.handle import DeploymentHandle

from deployments import logs
from deployments.config import ServiceConfig
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.memory import check_memory
from deployments.request.decoding import Stages
from deployments.request.flow import Flow
from deployments.request.handles import local_call, ping, ping_translator, stage_call
from deployments.service import TranslationService
from deployments.stages.interfaces import PostprocessStage, PreprocessStage, TranslateStage
from deployments.stages.postprocess import Postprocess
from deployments.stages.preprocess import Preprocess
from deployments.store.store import Store
from pipeline.bundle import Languages


@serve.ingress()
class Ingress:
    """`models`, `translators` and `bundles` have the names of the models, the default first.

    `text` are the handles of preprocess and postprocess; without them this replica does their work,
    with the bundles at the paths given.
    """

    def __init__(
        self,
        config: ServiceConfig,
        models: Mapping[str, Languages],
        translators: Mapping[str, DeploymentHandle[Any]],
        bundles: Mapping[str, str],
        text: tuple[DeploymentHandle[Any], DeploymentHandle[Any]] | None,
    ) -> None:
        logs.do_without()
        logs.leave_out_leavers()
        self.config = config
        self.traffic = Traffic()
        handles: dict[str, DeploymentHandle[Any]] = {}
        translate = {
            name: stage_call(handle, TranslateStage.translate)
            for name, handle in translators.items()
        }
        if text is None:
            stages = Stages(
                local_call(Preprocess(bundles, config.health.max_rss_mb).prepare),
                translate,
                local_call(Postprocess(bundles, config.health.max_rss_mb).review),
                together=True,
            )
        else:
            preprocess, postprocess = text
            handles = {"preprocess": preprocess, "postprocess": postprocess}
            stages = Stages(
                stage_call(preprocess, PreprocessStage.prepare),
                translate,
                stage_call(postprocess, PostprocessStage.review),
            )
        self.service = TranslationService(
            Flow(stages, config),
            models,
            config.limits,
            config.ingress.replicas,
            Store(config.store, config.ingress.replicas),
        )
        pings = {name: ping(handle) for name, handle in handles.items()}
        for name, handle in translators.items():
            pings[name] = ping_translator(handle, self.service.capacities[name].learn)
        self.readiness = Readiness(pings, config.readiness)

    def __serve_build_asgi_app__(self) -> FastAPI:
        return make_app(self.service, self.readiness, self.traffic, self.config)

    async def drain(self) -> None:
        """From now on new requests and /readyz get 503."""
        self.traffic.draining = True

    async def under_way(self) -> int:
        """Requests that have not been answered yet."""
        return self.traffic.under_way

    async def check_health(self) -> None:
        """Called by Ray, which replaces a replica that raises."""
        check_memory(self.config.health.max_rss_mb)
