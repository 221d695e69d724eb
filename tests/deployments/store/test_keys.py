from __future__ import annotations

import time
from pathlib import Path

import pytest

from deployments.store import keys
from deployments.store.store import Store
from pipeline.errors import UserError

pytestmark = pytest.mark.anyio


async def test_a_key_is_known_by_itself_only(store: Store) -> None:
    key, info = await store.keys.add("Zotero", characters_per_month=7, requests_per_minute=5)
    assert (info.characters_per_month, info.requests_per_minute) == (7, 5)
    assert key.startswith(info.prefix) and len(key) - len(info.prefix) > 35
    assert await store.keys.verify(key) == info
    assert await store.keys.list() == (info,)
    changed = key[:-1] + ("A" if key[-1] != "A" else "B")
    for wrong in ("", key[:-1], key + "A", changed, info.prefix, "\0" * len(key), "é" * len(key)):
        assert await store.keys.verify(wrong) is None


async def test_keys_are_not_stored(store: Store) -> None:
    key, _ = await store.keys.add("a")
    await store.keys.verify(key)
    if store.database.url.get_backend_name() == "sqlite":
        await store.close()
        folder = Path(str(store.database.url.database)).parent
        for path in folder.iterdir():
            assert key[len(keys.MARK) :].encode() not in path.read_bytes()


async def test_a_revoked_key_is_refused_within_five_seconds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, info = await store.keys.add("a")
    other_replica = keys.Keys(store.database)
    assert await other_replica.verify(key) == info
    await store.keys.revoke("a")
    assert await other_replica.verify(key) == info  # from memory
    later = time.monotonic() + 5
    monkeypatch.setattr(keys.time, "monotonic", lambda: later)
    assert await other_replica.verify(key) is None
    assert await store.keys.list() == ()


async def test_keys_in_use_ask_the_database_now_and_then_only(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, info = await store.keys.add("a")
    assert await store.keys.verify(key) == info
    monkeypatch.setattr(store.database, "reading", None)  # which would raise
    assert [await store.keys.verify(key) for _ in range(50)] == [info] * 50


async def test_wrong_keys_are_not_remembered(store: Store) -> None:
    key, _ = await store.keys.add("a")
    await store.keys.verify(key)
    for number in range(50):
        await store.keys.verify(f"{key[:-4]}{number:04}")
    assert len(store.keys.known) == 1


async def test_no_more_keys_are_remembered_than_the_bound(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "REMEMBERED", 2)
    made = [await store.keys.add(str(number)) for number in range(4)]
    for key, info in made * 2:
        assert await store.keys.verify(key) == info
    assert len(store.keys.known) == 2


async def test_a_name_is_used_once_until_its_key_is_revoked(store: Store) -> None:
    first, _ = await store.keys.add("a")
    with pytest.raises(UserError, match="a key named a exists"):
        await store.keys.add("a")
    await store.keys.revoke("a")
    second, info = await store.keys.add("a")
    assert await store.keys.verify(second) == info
    assert await store.keys.verify(first) is None
    with pytest.raises(UserError, match="no key named b"):
        await store.keys.revoke("b")


@pytest.mark.parametrize("name", ["", " a", "a\n", "a\0", "\ud800", "x" * 101])
async def test_names_are_one_short_line(store: Store, name: str) -> None:
    with pytest.raises(UserError, match="printable"):
        await store.keys.add(name)
