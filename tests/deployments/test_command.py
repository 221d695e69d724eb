"""`csanmt`: the keys of the service, beside what the pipeline does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deployments.command import main
from deployments.config import load
from deployments.store.address import database_url
from deployments.store.database import Database
from deployments.store.keys import KeyInfo, Keys
from deployments.store.store import Store
from deployments.store.upgrade import prepare


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CSANMT__STORE__URL", str(tmp_path / "csanmt.db"))


def verified(key: str, used: int = 0) -> KeyInfo | None:
    """What the service knows of a key, which uses so many characters."""

    async def ask() -> KeyInfo | None:
        store = Store(prepare(load({}).store, nodes=1), replicas=1)
        info = await store.keys.verify(key)
        if info is not None:
            await store.limiter.hit(info, used)
        await store.close()
        return info

    return asyncio.run(ask())


def test_a_key_is_made_listed_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    limits = ["--characters-per-month", "500", "--requests-per-minute", "60"]
    assert main(["keys", "add", "Zotero", *limits]) == 0
    key = capsys.readouterr().out.strip()
    info = verified(key, used=123)
    assert info is not None
    assert (info.name, info.characters_per_month, info.requests_per_minute) == ("Zotero", 500, 60)
    assert main(["keys", "add", "Weblate"]) == 0
    other = capsys.readouterr().out.strip()

    assert main(["keys", "list"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split()[0] == "name"
    made = f"{info.created:%Y-%m-%d}"
    assert rows[0].split() == ["Zotero", f"{key[:13]}…", made, "60", "500", "123", "1"]
    assert rows[1].split() == ["Weblate", f"{other[:13]}…", made, "any", "any", "0", "0"]

    assert main(["keys", "revoke", "Zotero"]) == 0
    assert verified(key) is None and verified(other) is not None


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["revoke", "nobody"], "csanmt: there is no key named nobody"),
        (["add", " "], "csanmt: the key's name: expected"),
        (["--config", "no.yaml", "list"], "csanmt: no.yaml does not exist"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith(line) and said.err.count("\n") == 1


def test_the_state_is_that_of_the_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CSANMT__STORE__URL")
    path, other = tmp_path / "other.yaml", tmp_path / "other.db"
    path.write_text(
        "applications:\n  - import_path: deployments.app:build\n"
        f"    args: {{config: configs/service.yaml, store: {{url: {other}}}}}\n",
        encoding="utf-8",
    )
    assert main(["keys", "--config", str(path), "add", "a"]) == 0
    assert other.exists()


def test_a_database_that_fails_meanwhile_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["keys", "list"]) == 0
    capsys.readouterr()

    async def fail(keys: Keys) -> None:
        keys.database = Database(database_url(str(tmp_path / "gone.db")))
        async with keys.database.reading():
            raise AssertionError

    monkeypatch.setattr(Keys, "list", fail)
    assert main(["keys", "list"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("csanmt: the database failed: ") and said.count("\n") == 1


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", "2147483648"])
def test_limits_are_numbers(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["keys", "add", "a", "--requests-per-minute", number])
    assert "give a number from 1 to 2147483647" in capsys.readouterr().err


def test_translating_is_there_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out
    assert "translate a text" in listed and "keys of the service" in listed
