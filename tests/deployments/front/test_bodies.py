"""Bodies and connections that come slowly, or not at all: others are served meanwhile."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.support.service import free_port, wait_for
from deployments.front import bodies, mend, rules
from deployments.front.environment import Told
from tests.deployments.front.played import Replicas, played, running
from tests.deployments.front.rendered import backend, rendered

HEAD = b"POST /translate HTTP/1.1\r\nhost: a\r\n"
SLOW = HEAD + b"content-length: 1000\r\n\r\n{"
SLOW_CHUNKS = HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"
LIMIT = 400_000  # as conftest.py tells
BUSY = {"error": "The service is busy"}


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=15)


@contextmanager
def sending(port: int, data: bytes, clients: int) -> Iterator[list[socket.socket]]:
    """So many clients that have sent this and hold their connections."""
    with ExitStack() as stack:
        held = [stack.enter_context(connect(port)) for _ in range(clients)]
        for connection in held:
            connection.sendall(data)
        time.sleep(0.5)  # for HAProxy to read it
        yield held


def answered(connection: socket.socket) -> tuple[str, str]:
    """Status and body, up to the end of the JSON or of the connection."""
    answer = b""
    while not answer.endswith(b"}") and (piece := connection.recv(65_536)):
        answer += piece
    head, _, body = answer.decode().partition("\r\n\r\n")
    return head[9:12], body


@pytest.mark.parametrize("slow", [SLOW, SLOW_CHUNKS])
@pytest.mark.parametrize("clients", [600, 3_000])
def test_slow_bodies_shut_nobody_out_and_are_given_up(
    client: httpx.Client,
    haproxy: tuple[int, int],
    replicas: Replicas,
    slow: bytes,
    clients: int,
) -> None:
    with sending(haproxy[0], slow, clients) as held:
        assert client.get("/").status_code == 200
        assert client.post("/translate", content=b"x").status_code == 200
        expected = '{"error":"The body did not arrive within 1.5 seconds"}'
        assert {answered(connection) for connection in held[:: clients // 100]} == {
            ("408", expected)
        }
    assert [(path, body) for path, _, body in replicas.seen] == [("/", b""), ("/translate", b"x")]


def test_slow_bodies_that_the_buffer_cannot_hold_shut_nobody_out(
    client: httpx.Client, haproxy: tuple[int, int]
) -> None:
    with sending(haproxy[0], HEAD + b"content-length: 200000\r\n\r\n{", 600):
        assert client.post("/translate", content=b"x" * 200_000).status_code == 200


def test_few_bodies_at_once_are_read_on_by_the_ingress(
    client: httpx.Client, haproxy: tuple[int, int]
) -> None:
    head = HEAD + b"content-length: 200000\r\n\r\n"

    def refused() -> bool:
        answer = client.post("/translate", content=b"x" * 200_000)
        return answer.status_code == 503 and answer.json() == BUSY

    with sending(haproxy[0], head + b"x" * 150_000, bodies.PARTS):
        wait_for(refused, 10)
        assert client.post("/translate", content=b"x" * 50_000).status_code == 200
    wait_for(lambda: not refused(), 10)


def test_bodies_that_are_too_large_for_the_ingress_shut_nobody_out(
    client: httpx.Client, haproxy: tuple[int, int]
) -> None:
    head = HEAD + b"content-length: 10000000\r\n\r\n"
    with sending(haproxy[0], head + b"x", bodies.PARTS):
        with connect(haproxy[0]) as connection:
            connection.sendall(head)
            status, body = answered(connection)
        assert status == "413"
        assert json.loads(body) == {"error": f"The body is larger than the limit of {LIMIT} bytes"}
        assert client.post("/translate", content=b"x" * 200_000).status_code == 200


@pytest.mark.parametrize("length", [2**63 - 1, 10**15])
def test_a_length_that_no_number_holds_is_too_large(haproxy: tuple[int, int], length: int) -> None:
    with connect(haproxy[0]) as connection:
        connection.sendall(HEAD + f"content-length: {length}\r\n\r\n".encode())
        status, body = answered(connection)
    assert (status, json.loads(body)) == ("413", {"error": "The request is too large"})


def test_a_document_may_be_larger_than_other_bodies(
    haproxy: tuple[int, int], client: httpx.Client
) -> None:
    asking = b"expect: 100-continue\r\ncontent-length: "
    for path, length, expected in (
        (b"/v1/documents", 1_000_001, "1000000"),
        (b"/v1/documents/x", 500_000, "400000"),
    ):
        with connect(haproxy[0]) as connection:
            head = HEAD.replace(b"/translate", path)
            assert head != HEAD
            connection.sendall(head + asking + b"%d\r\n\r\n" % length)
            status, body = answered(connection)
        assert status == "413" and f"limit of {expected} bytes" in body
    assert client.post("/v1/documents", content=b"x" * 900_000).status_code == 200


def test_a_client_that_asks_first_hears_at_once_that_its_body_is_too_large(
    haproxy: tuple[int, int], replicas: Replicas
) -> None:
    with connect(haproxy[0]) as connection:
        connection.sendall(HEAD + b"expect: 100-continue\r\ncontent-length: 400001\r\n\r\n")
        assert answered(connection)[0] == "413"  # and no 100 before it
    assert replicas.seen == []


@contextmanager
def small_door(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a front door that has 32 connections: the last four are scarce."""
    monkeypatch.setattr(mend, "CONNECTIONS", 32)
    monkeypatch.setattr(mend, "IDLE_S", 2)
    monkeypatch.setattr(mend, "HEADERS_S", 1)
    port, replica = free_port(), played(Replicas())
    ours = backend("csanmt", "/", [replica.server_port])
    text = rendered(folder, port, ours, metrics_enabled=False)
    with running(folder, mend.mend(text, {"http-csanmt"}, Told()), port) as process:
        try:
            time.sleep(0.1)  # the connection by which it was found to listen is gone
            yield port
        finally:
            process.kill()
            replica.shutdown()
            replica.server_close()


def test_while_connections_are_scarce_bodies_have_less_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_door(tmp_path, monkeypatch) as port, sending(port, SLOW, 28):
        with sending(port, SLOW, 2) as hurried:
            refused = httpx.post(f"http://127.0.0.1:{port}/", content=iter([b"x"]))
            assert (refused.status_code, refused.json()) == (503, BUSY)
            whole = HEAD + b"content-length: 1\r\n\r\nx"
            with sending(port, whole, 1) as (connection,):
                assert answered(connection)[0] == "200"
            assert httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200
            expected = ("408", '{"error":"The body did not arrive within 1 seconds"}')
            assert {answered(connection) for connection in hurried} == {expected}
        assert httpx.post(f"http://127.0.0.1:{port}/", content=b"x").status_code == 200


def test_idle_connections_leave_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_door(tmp_path, monkeypatch) as port, ExitStack() as stack:
        started = time.monotonic()
        held = []
        for _ in range(40):  # more than there may be: the last are closed with their answers
            held.append(stack.enter_context(connect(port)))
            held[-1].sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n")
            assert answered(held[-1])[0] == "200"
        assert time.monotonic() - started < 2
        assert held[0].recv(1) == b""  # nor is any kept for long
        assert 1 < time.monotonic() - started < 5


def test_headers_that_do_not_come_are_given_up_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = b"GET /livez HTTP/1.1\r\nhos"
    with small_door(tmp_path, monkeypatch) as port, sending(port, half, 40):
        started = time.monotonic()
        assert httpx.get(f"http://127.0.0.1:{port}/livez", timeout=10).status_code == 200
        assert time.monotonic() - started < 3


def test_a_client_that_closes_its_side_reads_pages(haproxy: tuple[int, int]) -> None:
    for _ in range(5):
        with connect(haproxy[0]) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            assert answered(connection)[0] == "200"


def test_a_client_that_closes_its_side_reads_why_its_work_was_stopped(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ours = backend("csanmt", "/", [silent.getsockname()[1]])
        text = mend.mend(rendered(tmp_path, port, ours, metrics_enabled=False), {"http-csanmt"})
        with running(tmp_path, text, port) as process:
            try:
                with connect(port) as connection:
                    connection.sendall(HEAD + b"content-length: 1\r\n\r\nx")
                    connection.shutdown(socket.SHUT_WR)
                    expected = ("400", json.dumps({"error": rules.LEFT}, separators=(",", ":")))
                    assert answered(connection) == expected
            finally:
                process.kill()
