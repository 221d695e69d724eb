"""Services of which a part is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benchmarks.support.service import Service


@pytest.fixture(scope="session")
def separate(new_service: Callable[..., Service]) -> Iterator[Service]:
    """A service whose preprocess and postprocess are deployments of their own."""
    service = new_service(stages="separate").start()
    yield service
    assert service.stop() == 0, service.output()
