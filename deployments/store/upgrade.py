"""Before the service starts: the database is found, made and brought to the schema of this code.

The builder does it, once; replicas only open what they find.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection

from deployments.config import StoreSettings
from deployments.store.address import check_nodes, database_url, described, is_sqlite, make_file
from deployments.store.database import BUSY_S, FAULTS, Database, Lock, cause
from deployments.store.tables import SCHEMA, VERSION_TABLE
from pipeline.errors import UserError

MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(settings: StoreSettings, nodes: int) -> StoreSettings:
    """The settings with the address in full, once the database is ready for a cluster of so many
    nodes.

    Raises UserError, one line.
    """
    url = database_url(settings.url)
    check_nodes(url, nodes)
    try:
        if is_sqlite(url):
            make_file(url)
            write_ahead(Path(str(url.database)))
        with ThreadPoolExecutor(1) as thread:  # the caller's may have an event loop
            thread.submit(asyncio.run, upgrade(url)).result()
    except (*FAULTS, sqlite3.Error) as error:
        raise UserError(f"{described(url)}: {cause(error)}: {remedy(url)}") from None
    return settings.model_copy(update={"url": url.render_as_string(hide_password=False)})


def remedy(url: URL) -> str:
    """What to do about a database that fails."""
    if is_sqlite(url):
        return "make it writable, put a backup in its place, or give another by store.url"
    return "see that the server runs and lets this user make tables, or mend store.url"


def write_ahead(path: Path) -> None:
    """Have the file in WAL mode, in which nobody who reads waits; it stays so.

    Of two who switch to it at once SQLite refuses one without waiting, so they take turns.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with closing(sqlite3.connect(path, timeout=BUSY_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    finally:
        os.close(folder)


async def upgrade(url: URL) -> None:
    """Bring the tables to this code's schema, in one transaction that only one process has."""
    database = Database(url)
    try:
        async with database.beginning(Lock.MIGRATING) as connection:
            await connection.run_sync(migrate, described(url))
    finally:
        await database.close()


def migrate(connection: Connection, name: str) -> None:
    """Raises UserError for a database of newer code."""
    options = {"version_table": VERSION_TABLE}
    found = MigrationContext.configure(connection, opts=options).get_current_revision()
    if found == SCHEMA:
        return
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise UserError(
            f"{name}: newer code has used it (schema {found}; this code has {SCHEMA}): "
            "update this code, or put a backup in its place"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
