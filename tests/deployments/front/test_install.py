"""What Ray's controller starts once our callback has run."""

from __future__ import annotations

from typing import Any

import pytest
from ray.serve._private import constants, controller
from ray.serve._private.proxy_state import ProxyStateManager
from ray.serve.config import gRPCOptions

from deployments.front.install import install
from deployments.front.manager import FrontDoor


class State:
    """A manager of proxies that uses gRPC or not."""

    def __init__(self, *functions: str) -> None:
        self.options = gRPCOptions(port=9000, grpc_servicer_functions=list(functions))

    def get_grpc_config(self) -> gRPCOptions:
        return self.options


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """For whom Ray's Python proxy was started; what is installed goes with the test."""
    found: list[Any] = []
    name = "_start_fallback_proxy_if_needed"
    monkeypatch.setattr(ProxyStateManager, name, lambda self, *_: found.append(self))
    monkeypatch.setattr(controller, "HAProxyManager", "Ray's")
    return found


def start_beside_haproxy(state: State) -> None:
    start: Any = ProxyStateManager._start_fallback_proxy_if_needed
    start(state, "node", "127.0.0.1", "instance")


def test_our_manager_and_no_python_proxy_are_started(
    started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "RAY_SERVE_ENABLE_HA_PROXY", True)
    install()
    manager: Any = vars(controller)["HAProxyManager"]
    assert issubclass(manager.__ray_metadata__.modified_class, FrontDoor)
    start_beside_haproxy(State())
    assert started == []
    grpc = State("a.b")
    start_beside_haproxy(grpc)
    assert started == [grpc]


def test_nothing_changes_where_rays_own_proxy_serves(
    started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "RAY_SERVE_ENABLE_HA_PROXY", False)
    install()
    assert vars(controller)["HAProxyManager"] == "Ray's"
    state = State()
    start_beside_haproxy(state)
    assert started == [state]
