"""What becomes of callers when the database fails, or when they leave."""

from __future__ import annotations

import asyncio
import logging
import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from deployments.config import StoreSettings
from deployments.store import database as database_module
from deployments.store.errors import StoreUnavailable
from deployments.store.store import Store
from pipeline.glossary import Entry, Glossary
from tests.deployments.store.servers import PASSWORD, Postgres

pytestmark = pytest.mark.anyio

ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
GLOSSARY = Glossary("zh", "en", (Entry("机密", "confidential"),))


async def test_callers_that_leave_hold_up_nobody(store: Store) -> None:
    chance = random.Random(1)

    async def leave(number: int) -> None:
        work: Any = (
            store.jobs.create(str(number), b"x" * 50_000, {})
            if number % 2
            else store.glossaries.list(None)
        )
        task = asyncio.create_task(work)
        await asyncio.sleep(chance.random() * 0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    store.jobs.room = 10**12
    for _ in range(10):
        await asyncio.gather(*map(leave, range(20)))
    async with asyncio.timeout(5):
        made = await store.glossaries.create("a", GLOSSARY, None)
        assert await store.glossaries.get(made.id, None) == GLOSSARY
    async with asyncio.timeout(5):  # as many as there are connections
        await asyncio.gather(*(store.jobs.create("a", b"x", {}) for _ in range(10)))


@ON_SQLITE
async def test_a_full_disk_is_unavailable_and_the_log_has_the_reason_only(
    settings: StoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(settings, replicas=1)

    @event.listens_for(store.database.engine.sync_engine, "connect")
    def bound(connection: Any, _: Any) -> None:
        connection.cursor().execute("PRAGMA max_page_count=40")

    with caplog.at_level(logging.DEBUG, "csanmt"), pytest.raises(StoreUnavailable):
        await store.jobs.create("机密.txt", "机密".encode() * 100_000, {})
    assert "database or disk is full" in caplog.text
    assert "机密" not in caplog.text and "INSERT" not in caplog.text
    await store.glossaries.create("a", GLOSSARY, None)  # for which there is room
    await store.close()


@ON_SQLITE
async def test_documents_that_are_deleted_are_gone_from_the_files(store: Store) -> None:
    path = Path(str(store.database.url.database))
    ticket = await store.jobs.create("a", b"CONFIDENTIAL" * 1000, {})
    assert any(b"CONFIDENTIAL" in file.read_bytes() for file in path.parent.iterdir())
    await store.jobs.delete(ticket)
    await store.jobs.sweep()
    assert not any(b"CONFIDENTIAL" in file.read_bytes() for file in path.parent.iterdir())


async def test_rules_that_are_broken_quote_no_values(store: Store) -> None:
    with pytest.raises(IntegrityError) as raised:
        await store.jobs.create("confidential", b"confidential", {}, owner="0" * 32)
    assert "confidential" not in str(raised.value)


@pytest.mark.databases
@ON_POSTGRESQL
async def test_values_that_are_refused_are_not_quoted(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for statement in ("CAST(:a AS INTEGER)", "CAST(CAST(:a AS TEXT) AS INTEGER)"):
        with pytest.raises(StoreUnavailable) as failed:
            async with store.database.reading() as connection:
                await connection.execute(text(f"SELECT {statement}"), {"a": "secret"})
        assert "secret" not in str(failed.value)
    assert "the database failed" in caplog.text and "secret" not in caplog.text


@ON_SQLITE
async def test_a_file_that_breaks_meanwhile_is_unavailable(
    settings: StoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(settings, replicas=1)
    made = await store.glossaries.create("a", GLOSSARY, None)
    await store.close()
    path = Path(str(store.database.url.database))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StoreUnavailable):
        await store.glossaries.get(made.id, None)
    assert "malformed" in caplog.text
    path.unlink()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.glossaries.list(None)
    assert not path.exists()  # no replica makes an empty one in its place
    await asyncio.sleep(0.1)  # the driver's thread still tells this event loop that it ended


@ON_SQLITE
async def test_a_writer_that_waits_too_long_is_told_so(
    settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_S", 0.2)
    one, other = Store(settings, replicas=2), Store(settings, replicas=2)
    async with one.database.writing():
        with pytest.raises(StoreUnavailable):
            await other.glossaries.create("a", GLOSSARY, None)
        assert await other.glossaries.list(None) == ()  # who reads does not wait
    await other.glossaries.create("a", GLOSSARY, None)
    await one.close()
    await other.close()


@pytest.mark.databases
@ON_POSTGRESQL
async def test_connections_that_the_server_ended_are_made_anew(
    postgres_server: Postgres, settings: StoreSettings
) -> None:
    store = Store(settings, replicas=1)
    made = await store.glossaries.create("a", GLOSSARY, None)
    await postgres_server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    )
    assert await store.glossaries.get(made.id, None) == GLOSSARY
    await store.close()


@pytest.mark.databases
@ON_POSTGRESQL
async def test_the_password_may_come_from_the_environment(
    settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(settings.url).replace(":p%40ss%3Aw%2Frd@", "@")
    assert address != settings.url
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    store = Store(settings.model_copy(update={"url": address}), replicas=1)
    await store.check()
    await store.close()


async def test_rules_of_the_schema_hold(store: Store) -> None:
    """On SQLite only where each connection asks for them."""
    made = await store.glossaries.create("a", GLOSSARY, None)
    await store.glossaries.delete(made.id, None)
    async with store.database.reading() as connection:
        left = await connection.execute(text("SELECT count(*) FROM glossary_entries"))
        assert left.scalar_one() == 0
