"""Documents that are translated in the background: what their senders see of them.

A job is queued, then running in the hands of one worker (`leases.py`), then done or failed. An hour
after that (`store.document_kept_s`) its files are deleted and it is expired; an hour later it is
forgotten.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from deployments.config import StoreSettings
from deployments.store.chunks import read, write
from deployments.store.database import Database, Lock
from deployments.store.errors import TooManyDocuments
from deployments.store.ids import Clock, hashed, is_id, new_id, new_secret, now
from deployments.store.tables import chunks, jobs

State = Literal["queued", "running", "done", "failed", "expired"]

ATTEMPTS = 3  # claims of a job whose workers died; after the last it has failed
GAVE_UP = "gave_up"  # its error then
LEAST_BYTES = 4096  # that a job counts for, whatever it holds
RESERVED = 2  # times its source: room for the result
LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the sender of a document asks for it with; the secret is not stored."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as its sender sees it; `done` of `total` units are translated."""

    id: str
    name: str
    state: State
    done: int
    total: int
    error: str | None
    created: datetime
    expires: datetime | None
    options: Mapping[str, Any]
    notes: tuple[str, ...]


class Jobs:
    """`room` are the bytes that the documents may have together."""

    def __init__(self, database: Database, settings: StoreSettings, clock: Clock = now) -> None:
        self.database, self.clock = database, clock
        self.room = settings.document_bytes
        self.kept = timedelta(seconds=settings.document_kept_s)

    async def create(
        self, name: str, source: bytes, options: Mapping[str, Any], owner: str | None = None
    ) -> Ticket:
        """Queue a document; `options` are JSON. Raises TooManyDocuments or StoreUnavailable."""
        ticket = Ticket(new_id(), new_secret())
        held = max(RESERVED * len(source), LEAST_BYTES)
        row = {
            "id": ticket.id,
            "secret_hash": hashed(ticket.secret),
            "owner": owner,
            "name": _clean(name),
            "options": dict(options),
            "state": "queued",
            "done": 0,
            "total": 0,
            "attempts": 0,
            "held_bytes": held,
            "created": self.clock(),
        }
        async with self.database.writing(Lock.DOCUMENTS) as connection:
            if await held_bytes(connection) + held > self.room:
                raise TooManyDocuments
            await connection.execute(insert(jobs).values(row))
            await write(connection, ticket.id, "source", source)
        return ticket

    async def status(self, ticket: Ticket) -> JobStatus | None:
        """None where there is no such job, or the secret is another's."""
        async with self.database.reading() as connection:
            row = await self._find(connection, ticket)
        if row is None:
            return None
        return JobStatus(
            row.id,
            row.name,
            row.state,
            row.done,
            row.total,
            row.error,
            row.created,
            row.expires,
            row.options,
            tuple(row.notes),
        )

    async def result(self, ticket: Ticket) -> bytes | None:
        """The translated document, None where there is none (or none any more)."""
        async with self.database.reading() as connection:
            row = await self._find(connection, ticket)
            if row is None or row.state != "done":
                return None
            return await read(connection, row.id, "result")

    async def delete(self, ticket: Ticket) -> bool:
        """Forget a job and its files, whatever its state; whether there was one. A worker that has
        it learns of it when it renews its lease.
        """
        async with self.database.writing() as connection:
            row = await self._find(connection, ticket)
            if row is None:
                return False
            await connection.execute(delete(jobs).where(jobs.c.id == row.id))
            return True

    async def sweep(self) -> int:
        """End what its workers gave up, delete what has expired; how many jobs that were.

        For any replica to call now and then.
        """
        moment = self.clock()
        over = jobs.c.expires < moment
        async with self.database.reading() as connection:
            due = select(func.count()).where(or_(over, lost(moment)))
            if not (await connection.execute(due)).scalar_one():
                return 0
        async with self.database.writing(Lock.DOCUMENTS) as connection:
            forgotten = await connection.execute(
                delete(jobs).where(over, jobs.c.state == "expired")
            )
            expired = await connection.execute(
                update(jobs)
                .where(over)
                .values(
                    state="expired",
                    name="",
                    options={},
                    held_bytes=LEAST_BYTES,
                    expires=moment + self.kept,
                )
            )
            failed = await connection.execute(
                update(jobs)
                .where(lost(moment))
                .values(ended("failed", moment + self.kept, GAVE_UP, LEAST_BYTES))
            )
            empty = select(jobs.c.id).where(jobs.c.state.in_(["expired", "failed"]))
            await connection.execute(delete(chunks).where(chunks.c.job_id.in_(empty)))
            return forgotten.rowcount + expired.rowcount + failed.rowcount

    async def _find(self, connection: AsyncConnection, ticket: Ticket) -> Row[Any] | None:
        if not is_id(ticket.id):
            return None
        row = (await connection.execute(select(jobs).where(jobs.c.id == ticket.id))).first()
        if row is None or not hmac.compare_digest(row.secret_hash, hashed(ticket.secret)):
            return None
        return row


def lost(moment: datetime) -> Any:
    """Whether nobody works on a job any more, and nobody may."""
    return (
        (jobs.c.state == "running") & (jobs.c.leased_until < moment) & (jobs.c.attempts >= ATTEMPTS)
    )


def ended(state: State, expires: datetime, error: str | None, held: int) -> dict[str, Any]:
    """What changes when a job ends."""
    return {
        "state": state,
        "error": error,
        "held_bytes": held,
        "worker": None,
        "leased_until": None,
        "expires": expires,
    }


async def held_bytes(connection: AsyncConnection) -> int:
    """What all jobs count for."""
    total = select(func.coalesce(func.sum(jobs.c.held_bytes), 0))
    return int((await connection.execute(total)).scalar_one())


def _clean(name: str) -> str:
    """A file's name without what no database or header takes."""
    kept = (char for char in name if unicodedata.category(char) not in ("Cc", "Cs"))
    return "".join(kept)[:LONGEST_NAME]
