"""How many requests a minute a key may send: exactly where Redis counts them, else an equal share
in each replica.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from deployments.store.database import cause
from pipeline.errors import UserError

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

logger = logging.getLogger("csanmt.store")

REDIS_S = 0.5  # that Redis has for an answer
PAUSE_S = 5.0  # that it is not asked after it gave none
PREFIX = "csanmt"


class Rates:
    """In this replica, one of `replicas`."""

    def __init__(self, url: str | None, replicas: int) -> None:
        """Raises UserError for an address that is none of Redis'."""
        self.replicas = replicas
        self.own = MovingWindowRateLimiter(MemoryStorage())
        self.connections = None if url is None else redis_connections(url)
        self.shared = None
        if self.connections is not None:
            self.shared = MovingWindowRateLimiter(redis_storage(str(url), self.connections))
        self.pause_until = 0.0

    async def hit(self, key_id: str, per_minute: int) -> float | None:
        """Count a request; the seconds until one is allowed again where this one is not."""
        if self.shared is not None and time.monotonic() >= self.pause_until:
            try:
                return await self._hit(self.shared, key_id, per_minute)
            except StorageError as error:
                # The limit is there to protect the service: without Redis it goes on.
                logger.error("redis does not answer: %s", cause(error.storage_error))
                self.pause_until = time.monotonic() + PAUSE_S
        return await self._hit(self.own, key_id, -(-per_minute // self.replicas))

    async def close(self) -> None:
        """Ends the connections."""
        if self.connections is not None:
            await self.connections.aclose()

    async def _hit(
        self, limiter: MovingWindowRateLimiter, key_id: str, per_minute: int
    ) -> float | None:
        item = RateLimitItemPerMinute(per_minute, namespace=PREFIX)
        if await limiter.hit(item, key_id):
            return None
        window = await limiter.get_window_stats(item, key_id)
        return max(window.reset_time - time.time(), 0.0)


def redis_connections(url: str) -> ConnectionPool:
    """Raises UserError, which does not quote the address: it may hold a password."""
    # Only now: 7 MB of which most services make no use.
    from redis.asyncio import ConnectionPool
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    try:
        if not url.startswith(("redis://", "rediss://")):
            raise ValueError
        return ConnectionPool.from_url(
            url,
            socket_timeout=REDIS_S,
            socket_connect_timeout=REDIS_S,
            retry=Retry(NoBackoff(), 1),  # a connection that was closed meanwhile is made anew
        )
    except ValueError:
        raise UserError(
            "store.limits_url: expected redis://:PASSWORD@HOST:PORT, found something else: mend it"
        ) from None


def redis_storage(url: str, connections: ConnectionPool) -> RedisStorage:
    """Where the limits are counted."""
    options: dict[str, Any] = {"connection_pool": connections}
    return RedisStorage(
        f"async+{url}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix=PREFIX,
        **options,
    )
