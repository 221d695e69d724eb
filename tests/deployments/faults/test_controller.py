"""Ray Serve's controller, without which nothing is replaced, but all goes on."""

from __future__ import annotations

import os
import signal

import pytest

from benchmarks.support.processes import command, descendants
from benchmarks.support.service import Service, wait_for
from tests.deployments.faults.clients import GAP_S, asking

pytestmark = [pytest.mark.cluster, pytest.mark.chaos]


def controllers(service: Service) -> list[int]:
    assert service.process is not None
    return [
        pid
        for pid in descendants(service.process.pid)
        if command(pid).startswith("ray::ServeController")
    ]


def test_a_killed_controller_costs_no_request(service: Service) -> None:
    with asking(service, "the controller killed") as clients:
        before, replicas = controllers(service), service.replicas("")
        assert len(before) == 1
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: controllers(service) not in ([], before), 60)
        clients.go_on()
        # The new one has the same replicas watched again: one that dies is replaced.
        (translator, *_) = service.replicas("translate")
        os.kill(translator, signal.SIGKILL)
        wait_for(lambda: bool(set(service.replicas("translate")) - {translator}), 60)
        clients.go_on()
    assert not clients.failures()
    assert clients.longest() < 2 * GAP_S
    assert set(replicas) - {translator} <= set(service.replicas(""))
