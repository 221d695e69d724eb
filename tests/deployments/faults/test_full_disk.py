"""A disk that is full under Ray's session, where its logs are."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.support.service import Service
from tests.deployments.faults.clients import GAP_S, asking

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.chaos_long]


@pytest.fixture
def small(new_service: Callable[..., Service]) -> Iterator[Service]:
    """A service in a file system of its own, of a few megabytes."""
    service = new_service()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", str(service.folder)]
    config = service.config.read_bytes()
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own cannot be mounted here: that needs root")
    try:
        service.config.write_bytes(config)
        yield service.start()
        if service.process is not None and service.process.poll() is None:
            service.stop()
    finally:
        subprocess.run(["umount", "--lazy", str(service.folder)], check=True)


def fill(folder: Path) -> None:
    """Write until nothing more fits."""
    try:
        with (folder / "filling").open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
    except OSError as error:
        assert error.errno == errno.ENOSPC


def test_a_full_disk_costs_no_request_and_the_service_stops_in_good_order(small: Service) -> None:
    with asking(small, "the disk full", clients=4) as clients:
        fill(small.folder)
        time.sleep(5)
        clients.go_on()
        assert os.statvfs(small.folder).f_bavail == 0
    assert not clients.failures()
    assert clients.longest() < GAP_S
    assert small.stop() == 0, small.output()
