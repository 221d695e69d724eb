"""A store on SQLite, and the same on PostgreSQL (`pytest.mark.databases`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployments.config import StoreSettings, load
from deployments.store.store import Store
from deployments.store.upgrade import prepare
from tests.deployments.store.servers import Postgres, Redis, postgres

MakeSettings = Callable[..., StoreSettings]


class Clock:
    """A time that passes when the test says so."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 23, 59, 50, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def passes(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.databases)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that has no tables yet."""
    if request.param == "sqlite":
        return str(tmp_path / "state" / "csanmt.db")
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
def make_settings(url: str) -> MakeSettings:
    """Settings of a database that is ready, with some values of the test's own."""

    def make(**values: Any) -> StoreSettings:
        return prepare(load({"store": {"url": url, **values}}).store, nodes=1)

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> StoreSettings:
    """Small bounds, which tests reach."""
    return make_settings(glossaries=3, document_bytes=12_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(settings: StoreSettings, clock: Clock) -> AsyncIterator[Store]:
    """As an ingress replica has it, with the test's clock."""
    store = Store(settings, replicas=2)
    for part in (store.glossaries, store.keys, store.usage, store.jobs, store.leases):
        part.clock = clock
    yield store
    await store.close()
