"""The state as the real service makes it ready."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.support.service import Service
from deployments.config import load
from deployments.store.tables import SCHEMA, VERSION_TABLE
from deployments.store.upgrade import prepare

pytestmark = pytest.mark.cluster


def test_the_service_makes_a_file_of_its_users_own(service: Service) -> None:
    path = service.folder / "csanmt" / "csanmt.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with sqlite3.connect(path) as connection:
        assert connection.execute(f"SELECT * FROM {VERSION_TABLE}").fetchall() == [(SCHEMA,)]


def test_a_state_of_newer_code_ends_the_start_with_one_line(
    new_service: Callable[..., Service], tmp_path: Path
) -> None:
    path = tmp_path / "csanmt.db"
    prepare(load({"store": {"url": str(path)}}).store, nodes=1)
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    service = new_service(store={"url": str(path)})
    assert service.launch().wait(120) == 1, service.output()
    last = service.output().splitlines()[-1]
    assert last.startswith(f"error: {path}: newer code has used it (schema 9999")
