"""API keys: who may use the service, and how much. A key itself is shown once and never stored."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from deployments.store.database import Database
from deployments.store.ids import Clock, hashed, new_id, new_secret, now
from deployments.store.tables import keys
from pipeline.errors import UserError

MARK = "csanmt_"  # begins every key, so that one is known where it should not be
READABLE = len(MARK) + 6  # characters of a key that are stored as they are, of 43 random ones
LENGTH = len(MARK) + 43
FRESH_S = 3.0  # that what is known of a key is believed
REMEMBERED = 4096  # keys


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key, by what may be shown of it; None is no limit."""

    id: str
    name: str
    prefix: str
    characters_per_month: int | None
    requests_per_minute: int | None
    created: datetime


class Keys:
    """Those that were made and not revoked."""

    def __init__(self, database: Database, clock: Clock = now) -> None:
        self.database, self.clock = database, clock
        # Only keys that exist are remembered, so that wrong ones cannot push them out.
        self.known: dict[bytes, tuple[float, KeyInfo]] = {}

    async def add(
        self,
        name: str,
        characters_per_month: int | None = None,
        requests_per_minute: int | None = None,
    ) -> tuple[str, KeyInfo]:
        """A new key, and what is known of it. Raises UserError for a name that is in use."""
        key = MARK + new_secret()
        info = KeyInfo(
            new_id(),
            _name(name),
            key[:READABLE],
            characters_per_month,
            requests_per_minute,
            self.clock(),
        )
        row = {
            "id": info.id,
            "name": info.name,
            "prefix": info.prefix,
            "hash": hashed(key),
            "characters_per_month": characters_per_month,
            "requests_per_minute": requests_per_minute,
            "created": info.created,
        }
        try:
            async with self.database.writing() as connection:
                await connection.execute(insert(keys).values(row))
        except IntegrityError:
            raise UserError(
                f"a key named {name} exists: choose another name, or revoke that one first"
            ) from None
        return key, info

    async def list(self) -> tuple[KeyInfo, ...]:
        """The oldest first."""
        async with self.database.reading() as connection:
            found = await connection.execute(
                select(keys).where(keys.c.revoked.is_(None)).order_by(keys.c.created, keys.c.id)
            )
            return tuple(map(_info, found))

    async def revoke(self, name: str) -> None:
        """From `FRESH_S` later on it is refused everywhere. Raises UserError if there is none."""
        async with self.database.writing() as connection:
            revoked = await connection.execute(
                update(keys)
                .where(keys.c.name == name, keys.c.revoked.is_(None))
                .values(revoked=self.clock())
            )
        if not revoked.rowcount:
            raise UserError(f"there is no key named {name}: `csanmt keys list` shows the names")

    async def verify(self, key: str) -> KeyInfo | None:
        """Whose key it is, None if it is none; raises StoreUnavailable."""
        if len(key) != LENGTH or not key.startswith(MARK) or not key.isascii():
            return None
        digest, moment = hashed(key), time.monotonic()
        believed, info = self.known.get(digest, (0.0, None))
        if info is not None and moment < believed:
            return info
        self.known.pop(digest, None)
        async with self.database.reading() as connection:
            found = await connection.execute(
                select(keys).where(keys.c.prefix == key[:READABLE], keys.c.revoked.is_(None))
            )
            # The readable part finds it, which is no secret; the rest takes the same time to
            # compare, however much of it is right.
            matching = [row for row in found if hmac.compare_digest(row.hash, digest)]
        if not matching:
            return None
        if len(self.known) >= REMEMBERED:
            self.known.pop(next(iter(self.known)))
        info = _info(matching[0])
        self.known[digest] = moment + FRESH_S, info
        return info


def _info(row: Row[Any]) -> KeyInfo:
    return KeyInfo(
        row.id,
        row.name,
        row.prefix,
        row.characters_per_month,
        row.requests_per_minute,
        row.created,
    )


def _name(name: str) -> str:
    if not name.isprintable() or not 0 < len(name.strip()) <= 100 or name != name.strip():
        raise UserError("the key's name: expected 1 to 100 printable characters: give another")
    return name
