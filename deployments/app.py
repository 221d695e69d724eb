"""The application: `build` composes the deployments, as serve_config.yaml asks.

Ray's defaults of nearly every option are wrong for this service, so all are set here from the
configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy

from deployments.config import Fixed, ServiceConfig, load
from deployments.gateway.ingress import Ingress
from deployments.stages.postprocess import Postprocess
from deployments.stages.preprocess import Preprocess
from deployments.stages.scaling import TokensPolicy
from deployments.stages.translate import Translate
from pipeline.bundle import Bundle
from pipeline.config import home
from pipeline.errors import UserError

SURGE = 2  # times the replicas exist for a moment during an update
PAGES = 256  # requests for pages and health that an ingress replica takes beside work


def build(args: dict[str, Any]) -> Application:
    """The application for `args` (see deployments.config.load).

    Raises UserError or BundleError, one line each, before anything is deployed.
    """
    config = load(args)
    bundles = verify(config)
    limits = config.limits
    callers = (
        SURGE * config.ingress.replicas * limits.concurrent
    )  # requests that can be under way at once
    shared = bounded(callers, limits.concurrent)
    preprocess = serve.deployment(name="preprocess", **fixed(config, config.preprocess), **shared)(
        Preprocess
    )
    postprocess = serve.deployment(
        name="postprocess", **fixed(config, config.postprocess), **shared
    )(Postprocess)
    # Above what our own code admits, so that it refuses, in JSON.
    door = bounded(limits.bodies + limits.concurrent + PAGES, limits.bodies)
    ingress = serve.deployment(name="ingress", **fixed(config, config.ingress), **door)(Ingress)
    translators = {name: translator(config, name, path, callers) for name, path in bundles.items()}
    return ingress.bind(config, preprocess.bind(bundles), translators, postprocess.bind(bundles))


def verify(config: ServiceConfig) -> dict[str, str]:
    """Names and paths of the bundles, all of them complete and unaltered, the default first."""
    bundles: dict[str, str] = {}
    for path in config.models:
        bundle = Bundle.load(path)
        name = bundle.manifest.name
        if name in bundles:
            raise UserError(
                f"models: {bundles[name]} and {path} are both named {name}: rename one in its model.yaml"
            )
        bundles[name] = portable(path, bundle)
    return bundles


def portable(path: str, bundle: Bundle) -> str:
    """The path as it was given where every node finds it under its own home folder, else an
    absolute one.
    """
    found = {(home() / path).resolve(), (home() / "models" / path).resolve()}
    return path if bundle.path in found else str(Path(bundle.path).resolve())


def translator(config: ServiceConfig, name: str, path: str, callers: int) -> Application:
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
        **common(config),
        **bounded(callers * limits.calls, limits.concurrent * limits.calls),
    )(Translate)
    return deployment.bind(path, config)


def fixed(config: ServiceConfig, part: Fixed) -> dict[str, Any]:
    return {
        "num_replicas": part.replicas,
        "ray_actor_options": {"num_cpus": part.num_cpus},
        **common(config),
    }


def common(config: ServiceConfig) -> dict[str, Any]:
    return {
        "health_check_period_s": config.health.period_s,
        "health_check_timeout_s": config.health.timeout_s,
        "max_constructor_retry_count": config.health.start_attempts,
        "graceful_shutdown_timeout_s": config.shutdown_s,
        # how often a stopping replica looks whether its work is done
        "graceful_shutdown_wait_loop_s": 0.5,
        "max_surge_percent": 100
        * (SURGE - 1),  # an update starts the new replicas before it stops the old
    }


def bounded(ongoing: int, queued: int) -> dict[str, Any]:
    """At most so many calls in one replica, and so many that wait in each of its callers."""
    return {"max_ongoing_requests": ongoing, "max_queued_requests": queued}
