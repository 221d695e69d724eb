"""HAProxy with our configuration, in front of replicas that are played."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from benchmarks.support.service import free_port
from deployments.front.environment import Told
from deployments.front.mend import mend
from tests.deployments.front.played import Replicas, played, running
from tests.deployments.front.rendered import backend, rendered

TOLD = Told(body_read_s=1.5, body_bytes=400_000, document_bytes=1_000_000)


@pytest.fixture(scope="module")
def all_replicas() -> Replicas:
    return Replicas()


@pytest.fixture
def replicas(all_replicas: Replicas) -> Replicas:
    """With no answers to come, and nothing seen."""
    all_replicas.answers.clear()
    all_replicas.seen.clear()
    return all_replicas


@pytest.fixture(scope="module")
def haproxy(
    all_replicas: Replicas, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """Its port and its process; Ray's settings are those of configs/serve.env."""
    folder, port = tmp_path_factory.mktemp("front"), free_port()
    servers = [played(all_replicas) for _ in range(2)]
    ours = backend("csanmt", "/", [server.server_port for server in servers])
    settings = {"bufsize": 131_072, "timeout_client_s": 75, "timeout_server_s": 75, "nbthread": 1}
    text = rendered(folder, port, ours, metrics_enabled=False, **settings)
    with running(folder, mend(text, {"http-csanmt"}, TOLD), port) as process:
        yield port, process.pid
        process.kill()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def client(haproxy: tuple[int, int]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{haproxy[0]}", timeout=20) as client:
        yield client
