"""What `store.url` may say, and whose the file is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from deployments.config import load
from deployments.store.address import check_nodes, database_url, described, make_file
from deployments.store.upgrade import prepare
from pipeline.errors import UserError

POSTGRES = "postgresql://me:p%40ss@db.example:5433/csanmt"


def test_without_an_address_the_file_is_in_a_folder_of_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "csanmt").mkdir(mode=0o755)
    ready = prepare(load({"store": {"url": None}}).store, nodes=1)
    path = tmp_path / "csanmt" / "csanmt.db"
    assert ready.url is not None and database_url(ready.url).database == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("given", ["", "relative/state"])
def test_without_a_folder_for_states_it_is_in_the_home_folder(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", given)
    monkeypatch.setenv("HOME", "/home/someone")
    assert described(database_url(None)) == "/home/someone/.local/state/csanmt/csanmt.db"


def test_files_beside_the_database_are_private_too(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "new" / "a b?.db"
        make_file(database_url(str(path)))
        ready = prepare(load({"store": {"url": str(path)}}).store, nodes=1)
    finally:
        os.umask(before)
    assert database_url(ready.url).database == str(path)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600} and stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("/a/b.db", "sqlite+aiosqlite:////a/b.db"),
        ("sqlite:////a/b.db", "sqlite+aiosqlite:////a/b.db"),
        (POSTGRES, POSTGRES.replace("postgresql", "postgresql+asyncpg")),
        ("postgres://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
    ],
)
def test_addresses_get_their_drivers(given: str, url: str) -> None:
    made = database_url(given).render_as_string(hide_password=False)
    assert made == url
    assert database_url(made).render_as_string(hide_password=False) == url


@pytest.mark.parametrize(
    "given",
    [
        "csanmt.db",
        "/tmp",
        "sqlite://",
        "sqlite:///a.db",
        "mysql://h/d",
        "://",
        "postgresql://h:x/d",
    ],
)
def test_other_addresses_are_refused_on_one_line(given: str) -> None:
    with pytest.raises(UserError, match=r"^store\.url: expected postgresql://.*absolute path") as e:
        database_url(given)
    assert "\n" not in str(e.value)


def test_passwords_are_not_shown() -> None:
    assert "p@ss" not in described(database_url(POSTGRES))
    assert "p%40ss" not in described(database_url(POSTGRES))
    assert "p%40ss" not in repr(load({"store": {"url": POSTGRES}}))
    with pytest.raises(UserError) as raised:
        database_url("mysql://me:secret@h/d")
    assert "secret" not in str(raised.value)


def test_a_file_is_for_one_machine() -> None:
    check_nodes(database_url("/a/b.db"), 1)
    check_nodes(database_url(POSTGRES), 5)
    with pytest.raises(UserError, match=r"^store\.url: /a/b\.db is a file of one machine.* has 2"):
        check_nodes(database_url("/a/b.db"), 2)
    with pytest.raises(UserError, match="file of one machine"):
        prepare(load({"store": {"url": "/a/b.db"}}).store, nodes=2)


def test_a_server_that_does_not_answer_is_named_on_one_line() -> None:
    url = "postgresql://me:secret@127.0.0.1:1/d"
    with pytest.raises(UserError, match=r"^postgresql://me:\*\*\*@127.0.0.1:1/d: .*server") as e:
        prepare(load({"store": {"url": url}}).store, nodes=1)
    assert "\n" not in str(e.value) and "secret" not in str(e.value)
