"""Where the database is: an SQLite file of this user's own, or PostgreSQL."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from pipeline.errors import UserError

FILE = "csanmt.db"
EXPECTED = "store.url: expected postgresql://USER:PASSWORD@HOST/DATABASE or the absolute path of"


def database_url(given: str | None) -> URL:
    """The address that the setting `store.url` stands for, with the driver; raises UserError.

    It is never quoted whole: it may hold a password.
    """
    if given is None:
        return sqlite(own_folder() / FILE)
    if "://" not in given:
        return sqlite(Path(given))
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise UserError(f"{EXPECTED} a file, found something else: mend it") from None
    if url.drivername.partition("+")[0] == "sqlite":
        return sqlite(Path(url.database or ""))
    if url.drivername not in ("postgres", "postgresql", "postgresql+asyncpg"):
        raise UserError(f"{EXPECTED} a file, found {url.drivername}://: choose one of the two")
    if "sslmode" in url.query:  # as libpq calls what asyncpg calls ssl
        mode = url.query["sslmode"]
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return url.set(drivername="postgresql+asyncpg")


def sqlite(path: Path) -> URL:
    """The address of an SQLite file; raises UserError unless it means the same everywhere."""
    path = path.expanduser() if str(path).startswith("~/") else path
    if not path.is_absolute() or path.is_dir():
        raise UserError(f"{EXPECTED} a file, found {str(path)!r}: give one as /var/lib/csanmt.db")
    return URL.create("sqlite+aiosqlite", database=str(path))


def is_sqlite(url: URL) -> bool:
    """Whether one machine has the state."""
    return url.get_backend_name() == "sqlite"


def described(url: URL) -> str:
    """The address for people, without the password."""
    if is_sqlite(url):
        return str(url.database)
    return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def check_nodes(url: URL, nodes: int) -> None:
    """Raises UserError where several machines would each have a state of their own."""
    if is_sqlite(url) and nodes > 1:
        raise UserError(
            f"store.url: {url.database} is a file of one machine, and the cluster has {nodes}: "
            "give a PostgreSQL that all reach, as postgresql://USER:PASSWORD@HOST/DATABASE"
        )


def make_file(url: URL) -> None:
    """See that an SQLite file and its folder exist, which nobody else may read; raises UserError.

    SQLite gives the files that it adds beside this one the same mode.
    """
    path = Path(str(url.database))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path == own_folder() / FILE:
            _check_owner(path.parent)
            path.parent.chmod(0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise UserError(
            f"{path}: {error.strerror}: make it a file that this user can write, "
            "or give another by store.url"
        ) from None


def _check_owner(folder: Path) -> None:
    if folder.stat().st_uid != os.getuid():
        raise UserError(f"{folder}: it belongs to another user: give another place by store.url")


def own_folder() -> Path:
    """This user's own for states, as the XDG base directories say."""
    given = os.environ.get("XDG_STATE_HOME", "")
    if Path(given).is_absolute():
        return Path(given) / "csanmt"
    with suppress(RuntimeError):
        return Path.home() / ".local" / "state" / "csanmt"
    raise UserError("this user has no home folder: give a place for the state by store.url")
