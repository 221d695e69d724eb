"""For tests of every kind: the real service, started once a session and stopped as its users stop
it
(`service_url` is where it answers), and what a test needs before it can run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from benchmarks.support.service import Service

# A busy machine is no failure, and a test that passed passes again.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


# Seconds that a test of a kind may take, on a machine that others use as well; the first of a
# session starts the service within them.
TIMEOUTS = {"cluster": 600, "browser": 600, "quantize": 1800, "peer": 3600, "chaos_long": 3600}
TIMEOUTS |= {"soak": 4 * 3600}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "new_service" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)
        kinds = {marker.name for marker in item.iter_markers()}
        longest = max((TIMEOUTS.get(kind, 0) for kind in kinds), default=0)
        if longest and "timeout" not in kinds:
            item.add_marker(pytest.mark.timeout(longest))


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test keeps its state where this user's service has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def quantize_extra(request: pytest.FixtureRequest) -> None:
    """Skips, saying why, where a test needs the quantize extra and has it not.

    In CI that is a failure.
    """
    if request.node.get_closest_marker("quantize") and find_spec("torch") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "torch is not installed: use make test-all"
        )


@pytest.fixture(scope="session")
def new_service() -> Iterator[Callable[..., Service]]:
    """Makes services that are not started yet, each in its own folder.

    Stops what still runs at the end.
    """
    made: list[Service] = []

    def make(**args: Any) -> Service:
        made.append(
            Service(Path(tempfile.mkdtemp(prefix="cs", dir="/tmp")), **args)
        )  # sockets need a short path
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
