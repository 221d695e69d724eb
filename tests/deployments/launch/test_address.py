"""Where the service listens, and that nobody else does."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from deployments.config import load
from deployments.front.environment import (
    APPLICATION,
    BODY_BYTES,
    BODY_READ_S,
    DOCUMENT_BYTES,
    HOST,
    Told,
)
from deployments.launch import address
from deployments.launch.address import claim, set_front
from pipeline.config import ROOT
from pipeline.errors import UserError


@pytest.fixture(autouse=True)
def claims(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test claims is free after it."""
    held: list[socket.socket] = []
    monkeypatch.setattr(address, "_claims", held)
    yield
    for name in held:
        name.close()


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """One that is free, while neither host nor port come from the environment."""
    monkeypatch.delenv("CSANMT_HOST", raising=False)
    monkeypatch.delenv("CSANMT_PORT", raising=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def test_claims_the_port_that_the_document_names(port: int) -> None:
    options: dict[str, Any] = {"http_options": {"port": port, "keep_alive_timeout_s": 90}}
    assert claim(options) == f"http://127.0.0.1:{port}/"
    assert options["http_options"] == {
        "host": "127.0.0.1",
        "port": port,
        "keep_alive_timeout_s": 90,
    }


def test_the_environment_names_host_and_port(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSANMT_HOST", "0.0.0.0")
    monkeypatch.setenv("CSANMT_PORT", str(port))
    options: dict[str, Any] = {"http_options": {"host": "127.0.0.1", "port": 1}}
    assert claim(options) == f"http://127.0.0.1:{port}/"
    assert options["http_options"] == {"host": "0.0.0.0", "port": port}


@pytest.mark.usefixtures("port")
@pytest.mark.parametrize("value", ["0", "65536", "-1", "80a", " "])
def test_a_port_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSANMT_PORT", value)
    with pytest.raises(UserError, match=r"expected a number from 1 to 65535: set CSANMT_PORT"):
        claim({})


def test_a_port_that_is_taken_is_refused(port: int) -> None:
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(
            UserError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(Address already in use\)"
        ),
    ):
        claim({"http_options": {"port": port}})


def test_a_host_that_does_not_exist_is_refused(port: int) -> None:
    with pytest.raises(UserError, match=rf"cannot listen on no\.invalid:{port} \(no such host\)"):
        claim({"http_options": {"host": "no.invalid", "port": port}})


def test_a_port_is_claimed_from_when_it_is_found_free(port: int) -> None:
    code = f"""
from deployments.launch.address import claim
claim({{"http_options": {{"port": {port}}}}})
print("claimed", flush=True)
input()
"""
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"claimed\n"
        for host in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(UserError, match=r"\(Address already in use\): stop what listens"):
                claim({"http_options": {"host": host, "port": port}})
        other.communicate(b"\n")
    assert claim({"http_options": {"port": port}})


@pytest.mark.parametrize(
    ("fronted", "cluster", "front", "replicas"),
    [
        ("1", "local", "10.0.0.7", "127.0.0.1"),
        ("0", "local", None, "10.0.0.7"),
        ("1", "auto", None, "10.0.0.7"),
    ],
)
def test_behind_haproxy_the_replicas_of_a_single_machine_listen_for_it_alone(
    monkeypatch: pytest.MonkeyPatch,
    fronted: str,
    cluster: str,
    front: str | None,
    replicas: str,
) -> None:
    monkeypatch.setenv("RAY_SERVE_ENABLE_HA_PROXY", fronted)
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    for name in (APPLICATION, HOST, BODY_READ_S, BODY_BYTES, DOCUMENT_BYTES):
        monkeypatch.setenv(name, "before")
    document = {"http_options": {"host": "10.0.0.7"}}
    limits = {"body_read_s": 2.5, "body_bytes": 300_000, "stream_body_bytes": 400_000}
    limits |= {"document_bytes": 1_000_000, "glossary_bytes": 350_000}
    set_front({"name": "mine"}, document, load({"limits": limits}))
    assert Told.read() == Told("mine", front, 2.5, 400_000, 1_065_536)
    assert document["http_options"]["host"] == replicas
