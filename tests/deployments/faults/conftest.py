"""Services of which a part is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benchmarks.support.service import Service


@pytest.fixture(scope="module")
def separate(new_service: Callable[..., Service]) -> Iterator[Service]:
    """A service whose preprocess and postprocess are deployments of their own."""
    service = new_service(stages="separate").start()
    yield service
    assert service.stop() == 0, service.output()


@pytest.fixture(scope="module")
def pair(new_service: Callable[..., Service]) -> Iterator[Service]:
    """A service with two translators, to one of which a long text goes in one call."""
    service = new_service(translate={"min_replicas": 2}, limits={"call_tokens": 20_000}).start()
    yield service
    assert service.stop() == 0, service.output()
