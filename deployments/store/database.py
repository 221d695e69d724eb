"""The connections to the database, and what fails on them.

SQLite: transactions that write begin as such (`BEGIN IMMEDIATE`), since one that only becomes a
writer is refused at once where another writes. The writers of a process queue in it; those of
others are waited for by SQLite.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext, suppress
from enum import IntEnum
from pathlib import Path
from typing import Any

from asyncpg import DataError, InterfaceError, PostgresError
from sqlalchemy import URL, Connection, event, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from deployments.store.address import is_sqlite
from deployments.store.errors import StoreUnavailable

logger = logging.getLogger("csanmt.store")

BUSY_S = 20  # that SQLite waits for other processes' writers
CONNECTIONS = 5  # a replica
POOL_S = 10  # that a caller waits for one of them
WRITES = "csanmt_writes"  # a connection's option
# asyncpg raises its own where it cannot connect.
FAULTS = (DBAPIError, NoConnection, PostgresError, InterfaceError, sqlite3.Error, OSError)


class Lock(IntEnum):
    """What only one transaction may do at a time; the numbers are PostgreSQL's keys."""

    MIGRATING = 0x6373_0001
    GLOSSARIES = 0x6373_0002
    DOCUMENTS = 0x6373_0003


class Database:
    """Connections are made when they are first used, in one event loop."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = sqlite_engine(url) if is_sqlite(url) else postgres_engine(url)
        self.writers: asyncio.Lock | nullcontext[None] = (
            asyncio.Lock() if is_sqlite(url) else nullcontext()
        )
        self.unwanted: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads; raises StoreUnavailable."""
        with available():
            async with self._connected() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def writing(self, lock: Lock | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write; those with the same lock take turns.

        Raises StoreUnavailable.
        """
        with available():
            async with self.beginning(lock) as connection:
                yield connection

    @asynccontextmanager
    async def beginning(self, lock: Lock | None = None) -> AsyncIterator[AsyncConnection]:
        """The same, but raises what the drivers raise."""
        async with self.writers, self._connected() as connection:
            await connection.execution_options(**{WRITES: True})
            async with connection.begin():
                if lock is not None and not is_sqlite(self.url):
                    await connection.execute(select(func.pg_advisory_xact_lock(int(lock))))
                yield connection

    async def forget(self) -> None:
        """Empties SQLite's log of changes, which still holds what was deleted since it was last
        empty; not now where somebody reads it.
        """
        if is_sqlite(self.url):
            with available():
                await asyncio.to_thread(_empty_log, str(self.url.database))

    async def close(self) -> None:
        """Ends the connections."""
        await asyncio.gather(*self.unwanted)
        await self.engine.dispose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        """One of the connections. It is made to the end also for a caller who leaves meanwhile:
        asyncpg breaks off with errors that reach nobody but the event loop.
        """
        opening = asyncio.ensure_future(self.engine.connect().start())
        try:
            connection = await asyncio.shield(opening)
        except asyncio.CancelledError:
            unwanted = asyncio.create_task(_put_back(opening))
            self.unwanted.add(unwanted)
            unwanted.add_done_callback(self.unwanted.discard)
            raise
        try:
            yield connection
        finally:
            await asyncio.shield(connection.close())


def _empty_log(path: str) -> None:
    with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=rw", uri=True)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _put_back(opening: asyncio.Future[AsyncConnection]) -> None:
    with suppress(*FAULTS):
        await (await opening).close()


@contextmanager
def available() -> Iterator[None]:
    """What the database does not do becomes StoreUnavailable, and a line in the log."""
    try:
        yield
    except IntegrityError:  # a rule of our own, which the caller knows
        raise
    except FAULTS as error:
        unavailable = StoreUnavailable(cause(error))
        logger.error("%s", unavailable)
        raise unavailable from None


def cause(error: BaseException) -> str:
    """What a driver says, on one line, without the statement and its values."""
    inner = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(inner.__cause__, (ValueError, DataError)):  # whose text quotes a value
        return type(inner).__name__
    return " ".join(str(inner).split()) or type(inner).__name__


def sqlite_engine(url: URL) -> AsyncEngine:
    """Connections to a file that exists."""
    engine = create_async_engine(
        url.set(database=Path(str(url.database)).as_uri(), query={"mode": "rw", "uri": "true"}),
        connect_args={"timeout": BUSY_S},
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_S,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # so that transactions begin as `begin` below says
        cursor = connection.cursor()
        for pragma in (
            "foreign_keys=ON",
            "synchronous=NORMAL",
            "secure_delete=ON",  # documents that are deleted are gone from the file
            "journal_size_limit=67108864",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def postgres_engine(url: URL) -> AsyncEngine:
    """Connections to a server, which may be started anew meanwhile."""
    return create_async_engine(
        url,
        connect_args={"timeout": 5, "command_timeout": 20},
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_S,
    )
