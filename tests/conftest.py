"""The real service, started once a session and stopped as its users stop it; `service_url` is where it answers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import Service


@pytest.fixture(scope="session")
def new_service() -> Iterator[Callable[..., Service]]:
    """Makes services that are not started yet, each in its own folder; stops what still runs at the end."""
    made: list[Service] = []

    def make(**args: Any) -> Service:
        made.append(Service(Path(tempfile.mkdtemp(prefix="cs", dir="/tmp")), **args))  # sockets need a short path
        return made[-1]

    yield make
    for service in made:
        if service.process is not None and service.process.poll() is None:
            assert service.stop() == 0, service.output()
        shutil.rmtree(service.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def service(new_service: Callable[..., Service]) -> Service:
    """The service of the session, quick to scale down and to lose patience with slow senders."""
    return new_service(
        limits={"body_read_s": 2},
        translate={"look_back_s": 3, "upscale_delay_s": 1, "downscale_delay_s": 5},
    ).start()


@pytest.fixture(scope="session")
def service_url(service: Service) -> str:
    """Where the session's service answers, without a slash at the end."""
    return service.url
