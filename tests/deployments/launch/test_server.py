"""The launcher's server, with Ray left out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deployments.config import load
from deployments.launch import lean, server
from deployments.launch.server import Server


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
    assert Server({}, "a.yaml", "csanmt", load({}), url).answers()


def test_a_service_that_does_not_answer_is_not_ready() -> None:
    assert not Server({}, "a.yaml", "csanmt", load({}), "http://127.0.0.1:9/").answers()


def test_a_wrong_document_is_named_by_its_own_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"http_options": {"port": "many"}, "applications": []}
    monkeypatch.setattr(lean, "start_ray", lambda: None)
    assert Server(document, "other.yaml", "csanmt", load({}), "http://127.0.0.1:9/").run(0) == 2
    assert capsys.readouterr().err.startswith("error: other.yaml: http_options.port: ")


def test_a_signal_while_ray_starts_is_a_stop_in_good_order(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise SystemExit(15)

    monkeypatch.setattr(server, "deploy", interrupted)
    monkeypatch.setattr(Server, "listen", lambda _: None)
    assert (
        Server({"applications": []}, "a.yaml", "csanmt", load({}), "http://127.0.0.1:9/").run(0)
        == 0
    )
    assert capsys.readouterr().out == "Stopping\n"
