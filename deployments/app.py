"""The application: `build` composes the deployments, as serve_config.yaml asks.

Ray's defaults of nearly every option are wrong for this service, so all are set here from the
configuration.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ray
from ray import serve
from ray.serve import Application
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy

from deployments.bundles import verified_bundles
from deployments.config import Fixed, ServiceConfig, load
from deployments.gateway.ingress import Ingress
from deployments.stages.postprocess import Postprocess
from deployments.stages.preprocess import Preprocess
from deployments.stages.scaling import TokensPolicy
from deployments.stages.translate import Translate
from deployments.store.upgrade import prepare
from pipeline.bundle import Bundle
from pipeline.config import home

SURGE = 2  # times the replicas exist for a moment during an update
PAGES = 256  # requests for pages and health that an ingress replica takes beside work


def build(args: dict[str, Any]) -> Application:
    """The application for `args` (see deployments.config.load).

    Raises UserError or BundleError, one line each, before anything is deployed.
    """
    config = load(args)
    bundles = verified_bundles(config)
    config = config.model_copy(update={"store": prepare(config.store, nodes())})
    paths = {name: portable(path, bundle) for name, (path, bundle) in bundles.items()}
    languages = {name: bundle.manifest.languages for name, (_, bundle) in bundles.items()}
    limits = config.limits
    # Requests that can be under way at once.
    callers = SURGE * config.ingress.replicas * limits.concurrent
    # Above what our own code admits, so that it refuses, in JSON.
    front = queue_bounds(limits.bodies + limits.concurrent + PAGES, limits.bodies)
    options = fixed_options(config, config.ingress)
    options["health_check_timeout_s"] = config.health.ingress_timeout_s
    ingress = serve.deployment(name="ingress", **options, **front)(Ingress)
    translators = {name: translator(config, name, path, callers) for name, path in paths.items()}
    text = None
    if config.stages == "separate":
        shared = queue_bounds(callers, limits.concurrent)
        preprocess = serve.deployment(
            name="preprocess", **fixed_options(config, config.preprocess), **shared
        )(Preprocess)
        postprocess = serve.deployment(
            name="postprocess", **fixed_options(config, config.postprocess), **shared
        )(Postprocess)
        memory = config.health.max_rss_mb
        text = preprocess.bind(paths, memory), postprocess.bind(paths, memory)
    return ingress.bind(config, languages, translators, paths, text)


def nodes() -> int:
    """Machines of the cluster; one where Ray is our own, which then may not have started yet."""
    if os.environ.get("RAY_ADDRESS") == "local" or not ray.is_initialized():
        return 1
    return sum(node["Alive"] for node in ray.nodes())


def portable(path: str, bundle: Bundle) -> str:
    """The path as it was given where every node finds it under its own home folder, else an
    absolute one.
    """
    found = {(home() / path).resolve(), (home() / "models" / path).resolve()}
    return path if bundle.path in found else str(Path(bundle.path).resolve())


def translator(config: ServiceConfig, name: str, path: str, callers: int) -> Application:
    """The deployment of one model."""
    scale, limits = config.translate, config.limits
    deployment = serve.deployment(
        name=f"translate-{name}",
        autoscaling_config=AutoscalingConfig(
            min_replicas=scale.min_replicas,
            max_replicas=scale.max_replicas,
            upscale_delay_s=scale.upscale_delay_s,
            downscale_delay_s=scale.downscale_delay_s,
            look_back_period_s=scale.look_back_s,
            policy=AutoscalingPolicy(
                policy_function=TokensPolicy, policy_kwargs={"target": scale.target_tokens}
            ),
        ),
        ray_actor_options={"num_cpus": scale.num_cpus},
        **common_options(config),
        **queue_bounds(callers * limits.calls, limits.concurrent * limits.calls),
    )(Translate)
    return deployment.bind(path, config)


def fixed_options(config: ServiceConfig, part: Fixed) -> dict[str, Any]:
    """Options of a deployment that does not scale."""
    return {
        "num_replicas": part.replicas,
        "ray_actor_options": {"num_cpus": part.num_cpus},
        **common_options(config),
    }


def common_options(config: ServiceConfig) -> dict[str, Any]:
    """Options of every deployment."""
    return {
        "health_check_period_s": config.health.period_s,
        "health_check_timeout_s": config.health.timeout_s,
        "max_constructor_retry_count": config.health.start_attempts,
        "graceful_shutdown_timeout_s": config.shutdown_s,
        # how often a stopping replica checks whether its work is done
        "graceful_shutdown_wait_loop_s": 0.5,
        # an update starts the new replicas before it stops the old
        "max_surge_percent": 100 * (SURGE - 1),
    }


def queue_bounds(ongoing: int, queued: int) -> dict[str, Any]:
    """At most so many calls in one replica, and so many that wait in each of its callers."""
    return {"max_ongoing_requests": ongoing, "max_queued_requests": queued}
