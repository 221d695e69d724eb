"""The launcher's server, with Ray left out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deployments.config import load
from deployments.launch import lean, server
from deployments.launch.server import Server
from deployments.launch.stopping import Stop

NOWHERE = "http://127.0.0.1:9/"


class Readyz(BaseHTTPRequestHandler):
    """Says that it is ready at /readyz and at no other path."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 502)
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def url() -> Iterator[str]:
    """Where a service that is ready answers."""
    server = HTTPServer(("127.0.0.1", 0), Readyz)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_sees_its_own_service_whatever_proxy_the_environment_names(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert new_server(url).answers()


def new_server(url: str, path: str = "a.yaml", **document: object) -> Server:
    return Server(document, path, "csanmt", load({}), url, Stop())


def test_a_service_that_does_not_answer_is_not_ready() -> None:
    assert not new_server(NOWHERE).answers()


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was ended: other tests' services are children of this process as well, and it goes on
    when a stop's time is up.
    """
    ends: list[str] = []
    monkeypatch.setattr(Stop, "_limit", lambda *_: None)
    monkeypatch.setattr(server, "end_children", lambda: ends.append("children"))
    return ends


def test_a_wrong_document_is_named_by_its_own_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ended: list[str]
) -> None:
    monkeypatch.setattr(lean, "start_ray", lambda _: None)
    wrong = new_server(NOWHERE, "other.yaml", http_options={"port": "many"}, applications=[])
    assert wrong.run(0) == 2
    assert capsys.readouterr().err.startswith("error: other.yaml: http_options.port: ")
    assert ended == ["children"]


@pytest.mark.parametrize(("address", "in_order"), [("local", False), ("10.0.0.1:6379", True)])
def test_a_stop_while_it_starts_is_in_order_where_others_have_started_ray(
    address: str, in_order: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    calls: list[float] = []
    monkeypatch.setattr(Stop, "in_order", lambda _, within_s: calls.append(within_s))
    starting = new_server(NOWHERE)
    starting.connected()
    assert calls == ([starting.service.shutdown_s + server.SHUTDOWN_S] if in_order else [])


def test_once_it_is_ready_a_stop_is_in_order(
    url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    ended: list[str],
) -> None:
    ready = new_server(url)
    monkeypatch.setattr(server, "deploy", lambda *_: None)
    monkeypatch.setattr(ready.stop, "in_order", lambda _: ready.stop.asked.set())
    monkeypatch.setattr(ready, "end", lambda: ended.append("ray"))
    assert ready.run(time.monotonic()) == 0
    begin, end = capsys.readouterr().out.splitlines()
    assert begin.startswith(f"Ready at {url} after ")
    assert end == "Stopping: requests under way are answered first"
    assert ended == ["ray", "children"]


def test_a_deployment_that_fails_has_as_much_time_to_end_as_a_stop(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ended: list[str]
) -> None:
    failing = new_server(NOWHERE)
    monkeypatch.setattr(server, "deploy", lambda *_: None)
    monkeypatch.setattr(failing, "wait_until_ready", lambda: "the deployment failed: why")
    begun: list[bool] = []
    monkeypatch.setattr(failing, "end", lambda: begun.append(failing.stop.asked.is_set()))
    assert failing.run(0) == 1
    assert capsys.readouterr().err == "error: the deployment failed: why\n"
    assert begun == [True] and ended == ["children"]
