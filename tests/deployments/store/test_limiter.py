from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from deployments.config import StoreSettings
from deployments.store import limiter as limiter_module
from deployments.store import rates
from deployments.store.limiter import Allowed, Limited, until_next_month
from deployments.store.rates import Rates
from deployments.store.store import Store
from deployments.store.usage import Used
from pipeline.errors import UserError
from tests.deployments.store.conftest import Clock, MakeSettings
from tests.deployments.store.servers import Redis

pytestmark = pytest.mark.anyio


async def test_a_key_without_limits_is_counted_only(store: Store) -> None:
    _, key = await store.keys.add("a")
    assert [await store.limiter.hit(key, 10**9) for _ in range(20)] == [Allowed()] * 20
    assert await store.usage.read(key.id) == Used(20 * 10**9, 20)


async def test_each_replica_allows_its_share_of_a_minute(store: Store) -> None:
    _, key = await store.keys.add("a", requests_per_minute=5)
    outcomes = [await store.limiter.hit(key, 1) for _ in range(5)]
    assert outcomes[:3] == [Allowed()] * 3  # of two replicas, rounded up
    for outcome in outcomes[3:]:
        assert isinstance(outcome, Limited) and outcome.reason == "rate"
        assert 50 < outcome.retry_after_s <= 61
    assert await store.usage.read(key.id) == Used(3, 3)


async def test_the_characters_of_a_month_are_not_exceeded_also_at_once(
    store: Store, clock: Clock
) -> None:
    _, key = await store.keys.add("a", characters_per_month=100)
    outcomes = await asyncio.gather(*(store.limiter.hit(key, 30) for _ in range(10)))
    assert outcomes.count(Allowed()) == 3
    assert outcomes.count(Limited("quota", 10)) == 7
    assert await store.limiter.hit(key, 10) == Allowed()
    clock.passes(11)  # into February
    assert await store.limiter.hit(key, 100) == Allowed()
    assert isinstance(await store.limiter.hit(key, 1), Limited)


async def test_a_request_that_was_not_done_is_given_back(store: Store) -> None:
    _, key = await store.keys.add("a", characters_per_month=100)
    assert await store.limiter.hit(key, 80) == Allowed()
    assert isinstance(await store.limiter.hit(key, 80), Limited)
    store.limiter.give_back(key, 80)
    assert await store.limiter.hit(key, 80) == Allowed()
    assert await store.usage.read(key.id) == Used(80, 1)


async def test_what_other_replicas_counted_is_known_soon(
    settings: StoreSettings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter_module, "BELIEVED_S", 0.05)
    _, key = await store.keys.add("a", characters_per_month=100)
    assert await store.limiter.hit(key, 10) == Allowed()
    other = Store(settings, replicas=2)
    other.usage.clock = store.usage.clock
    assert await other.limiter.hit(key, 80) == Allowed()
    await other.close()
    await asyncio.sleep(0.1)
    assert isinstance(await store.limiter.hit(key, 80), Limited)


def test_the_month_ends_with_its_last_second() -> None:
    assert until_next_month(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)) == 1
    assert until_next_month(datetime(2026, 2, 1, tzinfo=UTC)) == 28 * 86_400
    assert until_next_month(datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)) == 1


@pytest.mark.parametrize("url", ["memcached://h", "redis:/x", "h:6379", "redis://h:port"])
def test_other_addresses_of_redis_are_refused_without_quoting_them(url: str) -> None:
    with pytest.raises(UserError, match=r"^store\.limits_url: expected redis://") as raised:
        Rates(url, 1)
    assert "memcached" not in str(raised.value)


@pytest.mark.databases
async def test_redis_counts_for_all_replicas_together(redis_server: Redis) -> None:
    replicas = [Rates(redis_server.url, 3) for _ in range(3)]
    hits = [replica.hit("a", 10) for _ in range(5) for replica in replicas]
    outcomes = await asyncio.gather(*hits)
    assert outcomes.count(None) == 10
    waits = [outcome for outcome in outcomes if outcome is not None]
    assert len(waits) == 5 and all(50 < wait <= 60 for wait in waits)
    assert await replicas[0].hit("another", 10) is None
    for replica in replicas:
        await replica.close()


@pytest.mark.databases
async def test_without_redis_the_shares_are_counted_and_with_it_all_again(
    redis_server: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rates, "PAUSE_S", 0.2)
    replica = Rates(redis_server.url, 2)
    assert await replica.hit("a", 4) is None
    redis_server.stop()
    assert [await replica.hit("a", 4) is None for _ in range(3)] == [True, True, False]
    assert caplog.text.count("redis does not answer") == 1
    redis_server.start()
    await asyncio.sleep(0.3)
    assert [await replica.hit("a", 4) is None for _ in range(5)] == [True] * 4 + [False]
    await replica.close()


async def test_the_limiter_of_a_store_asks_the_redis_of_its_settings(
    make_settings: MakeSettings,
) -> None:
    made = Store(make_settings(limits_url="redis://127.0.0.1:1"), replicas=2)
    _, key = await made.keys.add("a", requests_per_minute=1)
    assert await made.limiter.hit(key, 1) == Allowed()  # by its own count
    assert made.limiter.rates.pause_until > 0
    await made.close()
