"""Documents as their workers see them: one has each for as long as its lease, and renews that.

A worker that dies leaves its job when the lease is over, to the next one that asks. Clocks of
machines that share a database must agree to within a few seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from deployments.store.chunks import read, write
from deployments.store.database import Database, Lock
from deployments.store.errors import TooManyDocuments
from deployments.store.jobs import ATTEMPTS, LEAST_BYTES, Jobs, ended, held_bytes
from deployments.store.tables import chunks, jobs


@dataclass(frozen=True, slots=True)
class Lease:
    """A job in one worker's hands; its number of attempts tells it from an earlier lease."""

    job_id: str
    worker: str
    attempt: int
    name: str
    owner: str | None
    options: Mapping[str, Any]


class Leases:
    """Every call but `claim` says False where the lease is lost: run out and claimed by another,
    or the job deleted. Its work is then to be dropped.
    """

    def __init__(self, jobs: Jobs) -> None:
        self.database: Database = jobs.database
        self.clock, self.room, self.kept = jobs.clock, jobs.room, jobs.kept

    async def claim(self, worker: str, lease_s: float) -> Lease | None:
        """The job that has waited longest, for this worker alone, None if none waits."""
        moment = self.clock()
        oldest = select(jobs).where(_waiting(moment)).order_by(jobs.c.created, jobs.c.id).limit(1)
        async with self.database.reading() as connection:  # mostly there is none
            if (await connection.execute(oldest.with_only_columns(jobs.c.id))).first() is None:
                return None
        async with self.database.writing() as connection:
            # On PostgreSQL, claims of this moment each lock another row; SQLite has one writer.
            row = (await connection.execute(oldest.with_for_update(skip_locked=True))).first()
            if row is None:
                return None
            attempt = row.attempts + 1
            await connection.execute(
                update(jobs)
                .where(jobs.c.id == row.id)
                .values(
                    state="running",
                    worker=worker,
                    leased_until=moment + timedelta(seconds=lease_s),
                    attempts=attempt,
                )
            )
        return Lease(row.id, worker, attempt, row.name, row.owner, row.options)

    async def source(self, lease: Lease) -> bytes | None:
        """The document, None where the lease is lost."""
        async with self.database.reading() as connection:
            mine = select(jobs.c.id).where(_held(lease))
            if (await connection.execute(mine)).first() is None:
                return None
            return await read(connection, lease.job_id, "source")

    async def renew(self, lease: Lease, lease_s: float, done: int, total: int) -> bool:
        """Keep it for so long from now, and say how far the work is."""
        until = self.clock() + timedelta(seconds=lease_s)
        return await self._change(lease, {"leased_until": until, "done": done, "total": total})

    async def release(self, lease: Lease) -> bool:
        """Give it back, as one who stops does: another begins it anew, without waiting."""
        return await self._change(
            lease,
            {
                "state": "queued",
                "worker": None,
                "leased_until": None,
                "attempts": lease.attempt - 1,
                "done": 0,
            },
        )

    async def finish(self, lease: Lease, result: bytes, notes: Sequence[str] = ()) -> bool:
        """Keep the translation in place of the source; raises TooManyDocuments."""
        held = max(len(result), LEAST_BYTES)
        async with self.database.writing(Lock.DOCUMENTS) as connection:
            values = ended("done", self.clock() + self.kept, None, held)
            values |= {"done": jobs.c.total, "notes": list(notes)}
            if not await self._end(connection, lease, values):
                return False
            if await held_bytes(connection) > self.room:
                raise TooManyDocuments  # which takes all of this back
            await write(connection, lease.job_id, "result", result)
        return True

    async def fail(self, lease: Lease, code: str) -> bool:
        """It cannot be translated; `code` says why, to programs."""
        async with self.database.writing() as connection:
            values = ended("failed", self.clock() + self.kept, code, LEAST_BYTES)
            return await self._end(connection, lease, values)

    async def _end(
        self, connection: AsyncConnection, lease: Lease, values: Mapping[str, Any]
    ) -> bool:
        changed = await connection.execute(update(jobs).where(_held(lease)).values(values))
        if not changed.rowcount:
            return False
        await connection.execute(delete(chunks).where(chunks.c.job_id == lease.job_id))
        return True

    async def _change(self, lease: Lease, values: Mapping[str, Any]) -> bool:
        async with self.database.writing() as connection:
            changed = await connection.execute(update(jobs).where(_held(lease)).values(values))
            return bool(changed.rowcount)


def _waiting(moment: datetime) -> ColumnElement[bool]:
    abandoned = and_(
        jobs.c.state == "running", jobs.c.leased_until < moment, jobs.c.attempts < ATTEMPTS
    )
    return or_(jobs.c.state == "queued", abandoned)


def _held(lease: Lease) -> ColumnElement[bool]:
    """Whether the job is still in its hands, be it that the time has passed."""
    return and_(
        jobs.c.id == lease.job_id,
        jobs.c.state == "running",
        jobs.c.worker == lease.worker,
        jobs.c.attempts == lease.attempt,
    )
