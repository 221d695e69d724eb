"""The schema: made once, whoever else makes it, and as the tables say."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from deployments.config import StoreSettings, load
from deployments.store.address import database_url, is_sqlite, make_file
from deployments.store.database import Database
from deployments.store.store import Store
from deployments.store.tables import SCHEMA, VERSION_TABLE, metadata
from deployments.store.upgrade import MIGRATIONS, prepare
from pipeline.config import ROOT
from pipeline.errors import UserError


def run(url: str, work: Callable[[Connection], Any]) -> Any:
    """What `work` does with a connection."""

    async def begin() -> Any:
        database = Database(database_url(url))
        try:
            async with database.writing() as connection:
                return await connection.run_sync(work)
        finally:
            await database.close()

    return asyncio.run(begin())


def settings_of(url: str) -> StoreSettings:
    return load({"store": {"url": url}}).store


def test_tables_and_migrations_agree(url: str) -> None:
    prepare(settings_of(url), nodes=1)

    def differences(connection: Connection) -> object:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    assert run(url, differences) == []
    run(url, lambda connection: connection.execute(text("DROP TABLE job_chunks")))
    assert run(url, differences) != []


def test_the_schema_of_this_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_what_an_earlier_release_kept_is_there_after_an_update(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def as_first_released(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO glossaries VALUES ('a', 'mine', 'zh', 'en', '2026-01-01', NULL)")
        )

    if is_sqlite(database_url(url)):
        make_file(database_url(url))
    run(url, as_first_released)
    prepare(settings_of(url), nodes=1)
    found = run(url, lambda c: c.execute(text("SELECT name, revision FROM glossaries")).all())
    assert found == [("mine", 0)]


def test_a_second_time_changes_nothing(url: str) -> None:
    ready = prepare(settings_of(url), nodes=1)
    values = "('a', 'mine', 'zh', 'en', '2026-01-01 00:00:00', NULL)"
    columns = "(id, name, source, target, created, owner)"
    run(url, lambda c: c.execute(text(f"INSERT INTO glossaries {columns} VALUES {values}")))
    assert prepare(ready, nodes=1) == ready
    assert run(url, lambda c: c.execute(text("SELECT name FROM glossaries")).all()) == [("mine",)]


def test_a_database_of_newer_code_is_named_on_one_line(url: str) -> None:
    ready = prepare(settings_of(url), nodes=1)
    run(url, lambda c: c.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")))
    with pytest.raises(UserError, match=r"newer code has used it \(schema 9999") as raised:
        prepare(ready, nodes=1)
    assert "\n" not in str(raised.value) and "p@ss" not in str(raised.value)


START = """
import sys
from deployments.config import load
from deployments.store.upgrade import prepare
input()
prepare(load({"store": {"url": sys.argv[1]}}).store, nodes=1)
"""


def test_many_that_start_at_once_make_one_schema(url: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", START, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in started] == [""] * 5
    assert run(url, lambda c: c.execute(text(f"SELECT * FROM {VERSION_TABLE}")).all()) == [
        (SCHEMA,)
    ]


@pytest.mark.anyio
async def test_replicas_open_only_what_was_made_ready(url: str) -> None:
    store = Store(settings_of(url), replicas=1)
    with pytest.raises(UserError, match="start the service anew"):
        await store.check()
    await store.close()
    await asyncio.sleep(0.1)  # the driver's thread still tells this event loop that it ended


@pytest.mark.anyio
async def test_a_replica_takes_what_was_made_ready(store: Store) -> None:
    await store.check()


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_a_file_that_is_no_database_is_named_on_one_line(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "csanmt.db"
    if content is None:  # one that was cut short
        prepare(settings_of(str(path)), nodes=1)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        content = path.read_bytes()[: 3 * 4096]
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"^{path}: .*(not a database|malformed).*backup") as error:
        prepare(settings_of(str(path)), nodes=1)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(os.getuid() != 0, reason="becomes another user, which only root can")
@pytest.mark.parametrize(("mode", "folder_mode"), [(0o444, 0o755), (0, 0o755), (0o666, 0o555)])
def test_what_may_not_be_written_is_named_on_one_line(mode: int, folder_mode: int) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # which that user may enter
        folder = Path(name)
        path = folder / "csanmt.db"
        prepare(settings_of(str(path)), nodes=1)
        path.chmod(mode)
        folder.chmod(folder_mode)
        script = START.replace("input()", "import os; os.setuid(65534)")
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)], cwd=ROOT, capture_output=True, text=True
        )
        last = done.stderr.splitlines()[-1]
        assert last.startswith(f"pipeline.errors.UserError: {path}: ") and "store.url" in last


# In a process of its own: one that has threads must not be forked.
SWITCH = """
import multiprocessing, sqlite3, sys
from pathlib import Path
from deployments.store.upgrade import write_ahead

def switch(path, together, outcomes):
    together.wait()
    try:
        write_ahead(path)
        outcomes.put("done")
    except sqlite3.Error as error:
        outcomes.put(str(error))

forks = multiprocessing.get_context("fork")
for number in range(20):
    together, outcomes = forks.Barrier(6), forks.Queue()
    path = Path(sys.argv[1]) / f"{number}.db"
    processes = [forks.Process(target=switch, args=(path, together, outcomes)) for _ in range(6)]
    for process in processes:
        process.start()
    assert [outcomes.get() for _ in processes] == ["done"] * 6
    for process in processes:
        process.join()
"""


def test_processes_that_make_a_file_at_once_take_turns(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", SWITCH, str(tmp_path)], cwd=ROOT, check=True)
    assert len(list(tmp_path.glob("*.db"))) == 20
