"""Where HAProxy's files lie, and what its configuration becomes before it starts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.launch.haproxy import FILES, SCRIPT, confined

# The lines that Ray's template has for its two statistics pages, and one that must stay.
CONFIGURATION = """\
frontend prometheus
    bind :9101
    http-request use-service prometheus-exporter
frontend http_frontend
    bind 0.0.0.0:8000
listen stats
    bind *:8404
    stats enable
"""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of HAProxy's is set, neither before the test nor after it."""
    before = dict(os.environ)
    for name in before:
        if "HAPROXY" in name or "HA_PROXY" in name:
            monkeypatch.delenv(name)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]


def settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "HAPROXY" in name}


@pytest.mark.usefixtures("environment")
def test_nothing_is_set_where_haproxy_is_not_asked_for() -> None:
    with confined():
        assert settings() == {}


@pytest.mark.usefixtures("environment")
def test_its_files_lie_in_a_folder_of_this_user_that_goes_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_SERVE_ENABLE_HA_PROXY", "1")
    monkeypatch.setenv("RAY_SERVE_HAPROXY_SERVER_STATE_FILE", "/elsewhere")
    with confined():
        found = settings()
        assert set(found) == {f"RAY_SERVE_HAPROXY_{name}" for name in FILES}
        assert found.pop("RAY_SERVE_HAPROXY_SERVER_STATE_FILE") == "/elsewhere"
        program = Path(found["RAY_SERVE_HAPROXY_BINARY_PATH"])
        folder = program.parent
        assert all(folder in (Path(path), *Path(path).parents) for path in found.values())
        assert folder.stat().st_mode & 0o077 == 0
        assert program.stat().st_mode & 0o700 == 0o700
    assert not folder.exists()


def test_the_statistics_are_bound_to_this_machine(tmp_path: Path) -> None:
    program, configuration = tmp_path / "program", tmp_path / "haproxy.cfg"
    program.write_text(SCRIPT.format(binary="/bin/echo"), encoding="utf-8")
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    arguments = ["-db", "-f", str(configuration), "-x"]
    done = subprocess.run(
        ["/bin/sh", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == arguments
    assert configuration.read_text(encoding="utf-8") == CONFIGURATION.replace(
        "bind :9101", "bind 127.0.0.1:9101"
    ).replace("bind *:8404", "bind 127.0.0.1:8404")
