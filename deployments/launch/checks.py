"""What can be found wrong before Ray starts."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from deployments.config import LOOPBACK, ServiceConfig, load, merge
from pipeline.bundle import Bundle
from pipeline.errors import UserError

IMPORT_PATH = "deployments.app:build"
LOCAL = ("localhost", "127.0.0.1", "::1")  # addresses that only this machine reaches
EVERYWHERE = ("0.0.0.0", "::")
ENVIRONMENT = "configs/serve.env"


def set_environment(path: Path) -> None:
    """Set what the file of KEY=VALUE lines says, except variables that are set already.

    Before ray is imported.
    """
    for key, value in dotenv_values(path, interpolate=False).items():
        if value is not None:
            os.environ.setdefault(key, value)


def find_application(document: dict[str, Any], path: str) -> dict[str, Any]:
    """The entry of this service in serve_config.yaml, which `path` names; raises UserError."""
    applications = document.get("applications")
    for application in applications if isinstance(applications, list) else ():
        if isinstance(application, dict) and application.get("import_path") == IMPORT_PATH:
            return application
    raise UserError(
        f"{path}: applications: expected one with import_path {IMPORT_PATH}, found none: add it"
    )


def check(application: dict[str, Any], path: str) -> ServiceConfig:
    """The application's settings, once all its bundles are verified.

    Raises UserError or BundleError.
    """
    args = application.get("args") or {}
    if not isinstance(args, dict):
        raise UserError(f"{path}: args: expected a mapping, found {type(args).__name__}: mend it")
    service = load(args, f"{path}: args")
    for model in service.models:
        Bundle.load(model)
    return service


def name_hosts(application: dict[str, Any], service: ServiceConfig, host: str) -> None:
    """Where the settings name no hosts, those by which clients reach `host`: any if it is open to
    others under names that are not known here.
    """
    if service.http.hosts is not None or host in LOCAL:
        return
    literal = f"[{host}]" if ":" in host else host
    names = ["*"] if host in EVERYWHERE else [*LOOPBACK, literal]
    args = application.get("args") or {}
    application["args"] = merge(args, {"http": {"hosts": names}})


def claim(document: dict[str, Any]) -> str:
    """The service's URL, with host and port as the environment or the document say.

    Raises UserError if it is taken.
    """
    options = document.setdefault("http_options", {})
    options["host"] = host = os.environ.get("CSANMT_HOST") or options.get("host", "127.0.0.1")
    port = os.environ.get("CSANMT_PORT") or options.get("port", 8000)
    if not str(port).isdecimal() or not 0 < int(port) < 65536:
        raise UserError(
            f"port {port}: expected a number from 1 to 65535: set CSANMT_PORT or http_options.port"
        )
    options["port"] = port = int(port)
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else "no such host"
        remedy = "stop what listens there, or choose another with CSANMT_PORT (and CSANMT_HOST)"
        raise UserError(f"cannot listen on {host}:{port} ({reason}): {remedy}") from None
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}/" if ":" in reachable else f"http://{reachable}:{port}/"
