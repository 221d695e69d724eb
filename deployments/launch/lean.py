"""A Ray of our own, with only the processes that serve, started without waiting.

Of what `ray.init` starts, three processes do nothing for a service on one machine, and together
take 170 MB and a second of its start: the dashboard's server (`serve status` and `serve deploy` ask
it, and its web page), the monitor, which scales clusters of virtual machines, and the log monitor,
which shows a driver the output of other machines. `ray start` has options to leave them out,
`ray.init` has none. CSANMT_DASHBOARD=1 keeps them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from deployments.launch.stopping import adopt_orphans, forget_orphans, prepare_child

if TYPE_CHECKING:
    from ray.serve import Application
    from ray.serve._private.client import ServeControllerClient
    from ray.serve.schema import ServeDeploySchema

# What a file may say of the application that is built here; Ray's build task honours more.
PLAIN = {"name", "route_prefix", "import_path", "args"}
VITAL = {"raylet", "gcs_server"}  # programs that Ray starts and cannot be without


def is_lean() -> bool:
    """Whether this process starts Ray, and not only joins it, and without the dashboard."""
    return os.environ.get("RAY_ADDRESS") == "local" and os.environ.get("CSANMT_DASHBOARD") != "1"


def deploy(
    document: dict[str, Any], started: Callable[[str, int], None], connected: Callable[[], None]
) -> None:
    """Start Ray and Ray Serve, and deploy what the file says; `connected` is called between, and
    `started` with each program that a Ray of our own cannot be without, and its process id.

    Most of what this takes is imported while Ray starts. Where the file has this service alone, it
    is built then, too, and not by a task of Ray's that needs a process of its own. (`serve deploy`,
    which would have to find what was deployed before, needs the dashboard.) Raises ValidationError
    for a file that is not as Ray wants it, and what Ray raises where it cannot start.
    """
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(read_schema, document)
        applications = document["applications"]
        plain = len(applications) == 1 and applications[0].keys() <= PLAIN
        building: Future[Application] | None = None
        if is_lean() and plain:
            building = beside.submit(build, applications[0].get("args") or {})
        start_ray(started)
        connected()
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        schema = reading.result()
        client = start_serve(schema)
        if building is None:
            client.deploy_apps(schema)
        else:
            run(building.result(), schema)


def read_schema(document: dict[str, Any]) -> ServeDeploySchema:
    """The file as Ray Serve reads it; raises ValidationError."""
    from ray.serve.schema import ServeDeploySchema

    return ServeDeploySchema.model_validate(document)


def build(args: dict[str, Any]) -> Application:
    """The application; raises UserError or BundleError."""
    from deployments import app

    return app.build(args)


def run(application: Application, schema: ServeDeploySchema) -> None:
    """Deploy the only application of the file."""
    from ray import serve

    (entry,) = schema.applications
    target = serve.RunTarget(
        application,
        name=entry.name,
        route_prefix=entry.route_prefix,
        logging_config=schema.logging_config,
    )
    serve.run_many(
        [target], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False
    )


def start_ray(started: Callable[[str, int], None]) -> None:
    """Connect to the Ray that RAY_ADDRESS names, or start one of our own where it says `local`."""
    import ray

    options: dict[str, Any] = {
        "namespace": "serve",
        "log_to_driver": False,
        "logging_level": logging.WARNING,
    }
    adopt_orphans()  # Ray's agents and workers, should the raylet die
    with prepared_processes(started):
        if is_lean():
            with few_processes():
                ray.init(**options, include_dashboard=False)
        else:
            ray.init(**options)
    forget_orphans()


@contextmanager
def prepared_processes(started: Callable[[str, int], None]) -> Iterator[None]:
    """While this lasts, what Ray starts is prepared as deployments/launch/stopping.py says."""
    from ray._private import services

    popen: Any = services.ConsolePopen
    parent = os.getpid()

    def start(command: list[str], preexec_fn: Callable[[], None], **options: Any) -> Any:
        def prepare() -> None:
            preexec_fn()
            prepare_child(parent)

        process = popen(command, preexec_fn=prepare, **options)
        program = Path(command[0]).name
        if program in VITAL:
            started(program, process.pid)
        return process

    with patch.object(services, "ConsolePopen", start):
        yield


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

    In a Ray of our own nothing is waited for: the proxy starts while the application does.
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
    if not is_lean():
        return api.serve_start(**options, controller_options=schema.controller_options)
    controller, _ = api._create_controller_and_proxy_refs(
        **options,
        global_tracing_config=None,
        controller_options=schema.controller_options or ControllerOptions(),
    )
    client = ServeControllerClient(controller)
    _set_global_client(client)
    return client
