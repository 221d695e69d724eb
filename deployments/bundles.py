"""The bundles that a service has, verified by the launcher and where the application is built."""

from __future__ import annotations

from pathlib import Path

from deployments.config import ServiceConfig
from pipeline.bundle import Bundle
from pipeline.errors import UserError


def verified_bundles(config: ServiceConfig) -> dict[str, tuple[str, Bundle]]:
    """By name, the bundles and the paths given for them, all complete and unaltered, the default
    first; raises UserError or BundleError.
    """
    bundles: dict[str, tuple[str, Bundle]] = {}
    for path in config.models:
        bundle = Bundle.load(path)
        name = bundle.manifest.name
        if name in bundles:
            other, found = bundles[name]
            if Path(found.path).samefile(bundle.path):
                raise UserError(f"models: {path} is listed twice: take one away")
            raise UserError(
                f"models: {other} and {path} are both named {name}: rename one in its model.yaml"
            )
        bundles[name] = path, bundle
    return bundles
