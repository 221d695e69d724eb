"""What the launcher does once its Ray has lost a process that it cannot be without."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from benchmarks.support.processes import command, descendants
from benchmarks.support.service import STARTS_WITHIN_S, Service, wait_for
from tests.deployments.launch.test_start_and_stop import SLACK, has, left

NewService = Callable[..., Service]


def lose(service: Service, name: str) -> tuple[float, str]:
    """Kill the process of that name; seconds until the launcher had ended, and its last line."""
    assert service.process is not None
    processes = descendants(service.process.pid)
    (pid,) = (pid for pid in processes if command(pid).split(" ")[0].endswith(name))
    os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    assert service.process.wait(20) == 1, service.output()
    seconds = time.monotonic() - begun
    wait_for(lambda: not any(map(psutil.pid_exists, processes)), 2)
    assert left(service.folder) == []
    assert "Traceback" not in service.output()
    return seconds, service.output().splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "lost"),
    [("raylet", "raylet"), ("gcs_server", "gcs_server"), ("ray::RuntimeEnvAgent", "raylet")],
)
def test_a_service_that_has_lost_ray_ends(new_service: NewService, name: str, lost: str) -> None:
    seconds, line = lose(new_service().start(), name)
    assert line == f"error: Ray's {lost} has ended, and the service with it: start it again"
    assert seconds < SLACK
    print(f"{name} is killed: the launcher has ended after {seconds:.2f} s")


def test_a_start_that_has_lost_ray_ends(new_service: NewService) -> None:
    service = new_service()
    service.launch()
    wait_for(lambda: has("ray::RuntimeEnvAgent")(service), STARTS_WITHIN_S)
    seconds, line = lose(service, "raylet")
    assert line == "error: Ray's raylet has ended, and the service with it: start it again"
    assert seconds < SLACK
