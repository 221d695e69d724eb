"""PostgreSQL and Redis, started for the tests in folders and at ports of their own."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from benchmarks.support.service import free_port, wait_for

PASSWORD = "p@ss:w/rd"  # what an address must quote


def program(name: str) -> str:
    """Its path; skips, or in CI fails, where it is not installed."""
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
    )
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"{name} is not installed: apt-get install postgresql redis-server"
        )
    return found


class Postgres:
    """A running server, whose port and process are known."""

    def __init__(self, port: int) -> None:
        self.port = port

    def new_database(self) -> str:
        """The address of one without tables."""
        name = f"d{secrets.token_hex(4)}"
        asyncio.run(self.execute(f"CREATE DATABASE {name}"))
        return f"postgresql://csanmt:p%40ss%3Aw%2Frd@127.0.0.1:{self.port}/{name}"

    async def execute(self, statement: str) -> None:
        """As the server's owner."""
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=self.port,
            user="csanmt",
            password=PASSWORD,
            database="postgres",
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server while this lasts; not as root, which PostgreSQL refuses."""
    initdb, server = program("initdb"), program("postgres")
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    if user is not None:
        account = pwd.getpwnam(user)
        for path in (folder, secret):
            os.chown(path, account.pw_uid, account.pw_gid)
    port = free_port()
    login = ["--username=csanmt", "--auth=scram-sha-256", f"--pwfile={secret}"]
    data = folder / "data"
    try:
        subprocess.run(
            [initdb, "--pgdata", data, "--encoding=UTF8", "--no-locale", "--no-sync", *login],
            user=user,
            cwd=folder,
            check=True,
            capture_output=True,
        )
        process = subprocess.Popen(
            [server, "-D", data, "-p", str(port), "-k", folder, "-c", "fsync=off"],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            found = Postgres(port)
            wait_for(lambda: answers(found), 30)
            yield found
        finally:
            process.send_signal(signal.SIGINT)  # without waiting for its clients
            process.wait(30)
    finally:
        shutil.rmtree(folder)


def answers(server: Postgres) -> bool:
    try:
        asyncio.run(server.execute("SELECT 1"))
    except (OSError, asyncpg.PostgresError):
        return False
    return True


class Redis:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            [program("redis-server"), *options], cwd=self.folder, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if b"Ready to accept connections" in line:
                return
        raise AssertionError("redis-server ended")

    def stop(self) -> None:
        """End it if it runs."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None
