"""What clients get from HAProxy with our configuration, in front of replicas that are played."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx
import pytest

from benchmarks.support.service import free_port
from deployments.front.mend import mend
from tests.deployments.front.played import Replicas, running
from tests.deployments.front.rendered import rendered


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
    ("method", "query", "header", "code"),
    [
        ("TRACE", "", "", "method_not_allowed"),
        ("GET", "", "y" * 20_000, "headers_too_large"),
        ("GET", "y" * 10_000, "", "address_too_long"),
    ],
)
def test_our_own_api_reads_codes_and_the_requests_id(
    client: httpx.Client, method: str, query: str, header: str, code: str
) -> None:
    headers = {"x-request-id": "r-1", "x-other": header}
    answer = client.request(method, f"/v1/translate?{query}", headers=headers)
    assert answer.json() == {"error": answer.json()["error"], "code": code, "request_id": "r-1"}


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
    "headers",
    [
        {"x": "a" * 17_000},
        {f"x-{number}": "a" for number in range(120)},
        {f"x-{number}": "a" for number in range(5_000)},
    ],
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


def test_http_1_1_needs_a_host_and_http_1_0_does_not(
    haproxy: tuple[int, int], replicas: Replicas
) -> None:
    answer = exchange(haproxy, b"GET / HTTP/1.1\r\n\r\n")
    assert answer.startswith("HTTP/1.1 400 ")
    assert answer.endswith('{"error":"Invalid request: it has no Host header"}')
    assert replicas.seen == []
    assert exchange(haproxy, b"GET / HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 200 ")


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
