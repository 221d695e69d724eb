"""What each key has used, by month in UTC.

It is counted in memory and written every `WRITE_S`: a crash loses no more than that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from deployments.store.address import is_sqlite
from deployments.store.database import Database
from deployments.store.errors import StoreUnavailable
from deployments.store.ids import Clock, now
from deployments.store.tables import usage

WRITE_S = 2.0

KeyMonth = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Used:
    """By one key, in the current month."""

    characters: int
    requests: int


class Usage:
    """Of all keys; this replica's part at once, the others' once they have written it."""

    def __init__(self, database: Database, clock: Clock = now) -> None:
        self.database, self.clock = database, clock
        self.characters: Counter[KeyMonth] = Counter()  # that are not written yet
        self.requests: Counter[KeyMonth] = Counter()
        self.writer: asyncio.Task[None] | None = None
        self.turn = asyncio.Lock()  # what is being written is in neither place for a moment

    def add(self, key_id: str, characters: int, requests: int = 1) -> None:
        """Count a request; negative numbers take one back. In the event loop only."""
        entry = key_id, self.month()
        self.characters[entry] += characters
        self.requests[entry] += requests
        if self.writer is None or self.writer.done():
            self.writer = asyncio.create_task(self._write_soon())

    async def read(self, key_id: str) -> Used:
        """This month's; raises StoreUnavailable."""
        async with self.turn:
            entry = key_id, self.month()
            async with self.database.reading() as connection:
                found = await connection.execute(
                    select(usage.c.characters, usage.c.requests).where(
                        usage.c.key_id == key_id, usage.c.month == entry[1]
                    )
                )
                stored = found.first()
            characters, requests = (0, 0) if stored is None else stored
            return Used(characters + self.characters[entry], requests + self.requests[entry])

    async def write(self) -> None:
        """Write what was counted; what cannot be written is kept. Raises StoreUnavailable."""
        async with self.turn:
            entries = self.characters.keys() | self.requests.keys()
            counted = {entry: (self.characters[entry], self.requests[entry]) for entry in entries}
            await self._insert({entry: both for entry, both in counted.items() if any(both)})
            for entry, (characters, requests) in counted.items():  # meanwhile more may have come
                self.characters[entry] -= characters
                self.requests[entry] -= requests
                if not (self.characters[entry] or self.requests[entry]):
                    del self.characters[entry], self.requests[entry]

    async def close(self) -> None:
        """Write the rest."""
        if self.writer is not None:
            self.writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.writer
        with contextlib.suppress(StoreUnavailable):
            await self.write()

    def month(self) -> str:
        """The current one, as 2026-01."""
        return f"{self.clock():%Y-%m}"

    async def _write_soon(self) -> None:
        while self.characters or self.requests:
            await asyncio.sleep(WRITE_S)
            with contextlib.suppress(StoreUnavailable):  # the log has it; the next turn tries again
                await asyncio.shield(self.write())  # cancelled halfway, it would count twice

    async def _insert(self, counted: Mapping[KeyMonth, tuple[int, int]]) -> None:
        if not counted:
            return
        insert = sqlite.insert if is_sqlite(self.database.url) else postgresql.insert
        statement = insert(usage)
        added = statement.on_conflict_do_update(
            index_elements=[usage.c.key_id, usage.c.month],
            set_={
                "characters": usage.c.characters + statement.excluded.characters,
                "requests": usage.c.requests + statement.excluded.requests,
            },
        )
        rows = [
            {"key_id": key_id, "month": month, "characters": characters, "requests": requests}
            # In one order, so that no two replicas wait for each other.
            for (key_id, month), (characters, requests) in sorted(counted.items())
        ]
        async with self.database.writing() as connection:
            await connection.execute(added, rows)
