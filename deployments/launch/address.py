"""Where the service listens: found, claimed for this start alone, and given to who listens."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from deployments.config import ServiceConfig
from deployments.front.environment import Told
from pipeline.errors import UserError

REMEDY = "stop what listens there, or choose another with CSANMT_PORT (and CSANMT_HOST)"
_claims: list[socket.socket] = []  # held until this process ends


def claim(document: dict[str, Any]) -> str:
    """The service's URL, with host and port as the environment or the document say.

    Raises UserError if it is taken, also by a service that starts at this moment.
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
        _hold(port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else "no such host"
        raise UserError(f"cannot listen on {host}:{port} ({reason}): {REMEDY}") from None
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}/" if ":" in reachable else f"http://{reachable}:{port}/"


def _hold(port: int) -> None:
    """Between now and when HAProxy listens nobody else's probe finds the port free.

    A name in Linux's abstract space is gone with the process that bound it; like a port, it is the
    same for all users of a machine, and another in every container.
    """
    if sys.platform == "linux":
        name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            name.bind(f"\0csanmt-serve:{port}")
        except OSError:
            name.close()
            raise
        _claims.append(name)


def set_front(
    application: dict[str, Any], document: dict[str, Any], service: ServiceConfig
) -> None:
    """Tell HAProxy's manager what is ours, where to listen, and which bodies to wait for.

    On a single machine the ingress replicas, which HAProxy asks, listen on 127.0.0.1 whatever
    address the service has.
    """
    host = None
    fronted = os.environ.get("RAY_SERVE_ENABLE_HA_PROXY") == "1"
    if fronted and os.environ.get("RAY_ADDRESS") == "local":
        options = document["http_options"]
        host, options["host"] = options["host"], "127.0.0.1"
    name, limits = str(application.get("name", "default")), service.limits
    most = max(limits.body_bytes, limits.stream_body_bytes, limits.glossary_bytes)
    Told(name, host, limits.body_read_s, most, limits.form_bytes).write()
