"""A Ray of our own, with only the processes that serve.

Of what `ray.init` starts, three processes do nothing for a service on one machine, and together
take 170 MB and a second of its start: the dashboard's server (`serve status` asks it, and its web
page), the monitor, which scales clusters of virtual machines, and the log monitor, which shows a
driver the output of other machines. `ray start` has options to leave them out, `ray.init` has none;
CSANMT_DASHBOARD=1 keeps them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from ray.serve._private.client import ServeControllerClient
    from ray.serve.schema import ServeDeploySchema

DASHBOARD = "CSANMT_DASHBOARD"


def start_ray() -> None:
    """Connect to the Ray that RAY_ADDRESS names, or start one of our own where it says `local`."""
    import ray

    options: dict[str, Any] = {
        "namespace": "serve",
        "log_to_driver": False,
        "logging_level": logging.WARNING,
    }
    if os.environ.get(DASHBOARD) == "1" or not is_ours():
        ray.init(**options)
        return
    with few_processes():
        ray.init(**options, include_dashboard=False)


@contextmanager
def few_processes() -> Iterator[None]:
    """While this lasts, Ray starts neither of the three."""
    from ray._private.node import Node
    from ray._private.parameter import RayParams

    params = partial(RayParams, no_monitor=True, include_log_monitor=False)  # type: ignore[arg-type]  # ray says str, passes bool
    with (
        patch("ray._private.parameter.RayParams", params),
        patch.object(Node, "start_api_server", lambda *_, **__: None),
    ):
        yield


def start_serve(schema: ServeDeploySchema) -> ServeControllerClient:
    """Start Ray Serve with the options of the file, or find the one that runs.

    In a Ray of our own nothing is waited for: the proxy starts while the application is built.
    """
    from ray.serve._private import api
    from ray.serve._private.client import ServeControllerClient
    from ray.serve.config import ControllerOptions
    from ray.serve.context import _set_global_client

    options: dict[str, Any] = {
        "http_options": schema.http_options.model_dump(),
        "proxy_location": schema.proxy_location,
        "grpc_options": schema.grpc_options.model_dump(),
        "global_logging_config": schema.logging_config,
    }
    if not is_ours():
        return api.serve_start(**options, controller_options=schema.controller_options)
    controller, _ = api._create_controller_and_proxy_refs(
        **options,
        global_tracing_config=None,
        controller_options=schema.controller_options or ControllerOptions(),
    )
    client = ServeControllerClient(controller)
    _set_global_client(client)
    return client


def is_ours() -> bool:
    """Whether this process starts Ray, and not only joins it."""
    return os.environ.get("RAY_ADDRESS") == "local"
