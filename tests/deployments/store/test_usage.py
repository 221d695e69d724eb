from __future__ import annotations

import asyncio
from typing import Any

import pytest

from deployments.store import usage as usage_module
from deployments.store.errors import StoreUnavailable
from deployments.store.keys import KeyInfo
from deployments.store.store import Store
from deployments.store.usage import Usage, Used
from tests.deployments.store.conftest import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def key(store: Store) -> KeyInfo:
    return (await store.keys.add("a"))[1]


async def test_what_is_added_is_read_before_and_after_it_is_written(
    store: Store, key: KeyInfo
) -> None:
    assert await store.usage.read(key.id) == Used(0, 0)
    store.usage.add(key.id, 100)
    store.usage.add(key.id, 20)
    assert await store.usage.read(key.id) == Used(120, 2)
    await store.usage.write()
    assert await store.usage.read(key.id) == Used(120, 2)
    store.usage.add(key.id, -20, -1)
    assert await store.usage.read(key.id) == Used(100, 1)
    await store.usage.write()
    assert await Usage(store.database, store.usage.clock).read(key.id) == Used(100, 1)


async def test_replicas_add_up(store: Store, key: KeyInfo) -> None:
    replicas = [Usage(store.database, store.usage.clock) for _ in range(4)]
    for _ in range(5):
        for replica in replicas:
            replica.add(key.id, 10)
        await asyncio.gather(*(replica.write() for replica in replicas))
    assert await store.usage.read(key.id) == Used(200, 20)


async def test_it_is_written_within_seconds_by_itself(
    store: Store, key: KeyInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert usage_module.WRITE_S <= 3
    monkeypatch.setattr(usage_module, "WRITE_S", 0.05)
    other = Usage(store.database, store.usage.clock)
    for total in (10, 20):  # the task that writes ends, and begins anew
        store.usage.add(key.id, 10)
        async with asyncio.timeout(10):
            while (await other.read(key.id)).characters < total:
                await asyncio.sleep(0.02)
    assert not store.usage.characters and not store.usage.requests


async def test_what_cannot_be_written_is_kept(
    store: Store, key: KeyInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.usage.add(key.id, 10)

    async def fail(_: object) -> None:
        store.usage.add(key.id, 5)  # while it is being written
        raise StoreUnavailable("full")

    with monkeypatch.context() as patch:
        patch.setattr(store.usage, "_insert", fail)
        with pytest.raises(StoreUnavailable):
            await store.usage.write()
    assert await store.usage.read(key.id) == Used(15, 2)
    await store.usage.write()
    assert await Usage(store.database, store.usage.clock).read(key.id) == Used(15, 2)


@pytest.fixture
def written(store: Store, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once the database has counts that `write` still has, for a tenth of a second."""
    insert, event = store.usage._insert, asyncio.Event()

    async def dawdle(counted: Any) -> None:
        await insert(counted)
        event.set()
        await asyncio.sleep(0.1)

    monkeypatch.setattr(store.usage, "_insert", dawdle)
    return event


async def test_what_is_read_while_it_is_written_counts_once(
    store: Store, key: KeyInfo, written: asyncio.Event
) -> None:
    store.usage.add(key.id, 100)
    writing = asyncio.create_task(store.usage.write())
    await written.wait()
    assert await store.usage.read(key.id) == Used(100, 1)
    await writing


async def test_what_is_written_when_the_end_comes_counts_once(
    store: Store, key: KeyInfo, written: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_module, "WRITE_S", 0.01)
    store.usage.add(key.id, 100)
    await written.wait()
    await store.usage.close()
    assert await Usage(store.database, store.usage.clock).read(key.id) == Used(100, 1)


async def test_a_month_begins_at_nought(store: Store, key: KeyInfo, clock: Clock) -> None:
    store.usage.add(key.id, 100)
    clock.passes(20)  # into February
    assert await store.usage.read(key.id) == Used(0, 0)
    store.usage.add(key.id, 1)
    await store.usage.write()
    assert await store.usage.read(key.id) == Used(1, 1)
    clock.passes(-20)
    assert await store.usage.read(key.id) == Used(100, 1)


async def test_the_rest_is_written_at_the_end(store: Store, key: KeyInfo) -> None:
    store.usage.add(key.id, 100)
    await asyncio.sleep(0)
    await store.usage.close()
    assert await Usage(store.database, store.usage.clock).read(key.id) == Used(100, 1)
