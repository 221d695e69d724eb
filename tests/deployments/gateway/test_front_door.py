"""Each route once through the real service, and what its HTTP server makes of odd connections."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from benchmarks.support.service import ROOT, Service

SENTENCE = "中国的科技创新能力正在快速提升。"
ARTICLE = (ROOT / "tests/data/article.zh.txt").read_text(encoding="utf-8")
HEAD = b"POST /translate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


@pytest.fixture(scope="module")
def client(service_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service_url, timeout=60) as client:
        yield client


def test_translates_and_says_how_long_it_took(client: httpx.Client) -> None:
    given = {"text": ARTICLE, "detail": True}
    response = client.post("/translate", json=given, headers={"x-request-id": "abc-1"})
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["input"] == ARTICLE and body["output"].count("\n") == ARTICLE.count("\n")
    assert body["request_id"] == "abc-1"
    assert response.headers.get_list("x-request-id") == ["abc-1"]
    assert "decode;dur=" in response.headers["server-timing"]


def test_a_request_id_is_made_where_none_was_sent(client: httpx.Client) -> None:
    made = client.post("/translate", json={"text": ""})
    assert made.json() == {"error": "Empty input"}
    assert len(made.headers.get_list("x-request-id")) == 1


@pytest.mark.parametrize(
    "name",
    [
        "x-request-id",
        "x-request-timeout-seconds",
        "x-request-disconnect-disabled",
        "serve_multiplexed_model_id",
        "x-session-id",
    ],
)
@pytest.mark.parametrize("value", [b"\xe9", b"0.0001"])
def test_headers_that_ray_reads_change_no_answer(
    client: httpx.Client, name: str, value: bytes
) -> None:
    headers = [(name.encode(), value)]
    answer = client.post("/translate", json={"text": SENTENCE}, headers=headers)
    assert answer.status_code == 200
    assert len(answer.headers.get_list("x-request-id")) == 1


def test_is_alive_and_ready(client: httpx.Client) -> None:
    alive, ready = client.get("/livez"), client.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_serves_the_pages_their_files_and_the_description_of_the_api(client: httpx.Client) -> None:
    for path in ("/", "/docs"):
        page = client.get(path)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        for address in re.findall(r'(?:href|src)="(assets/[^"]+)"', page.text):
            assert client.get(f"/{address}").status_code == 200, address
    assert "/translate" in client.get("/openapi.json").json()["paths"]


def test_unknown_routes_and_wrong_methods_are_json(client: httpx.Client) -> None:
    assert client.get("/nowhere").json() == {"error": "Not found"}
    assert client.get("/translate").json() == {"error": "Method not allowed"}


def exchange(service_url: str, *pieces: bytes) -> bytes:
    """What the service answers to bytes as they are sent."""
    url = httpx.URL(service_url)
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> bytes:
    """Status line, headers and a body of the announced length."""
    answer = b""
    while b"\r\n\r\n" not in answer and (piece := connection.recv(65_536)):
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    while length and len(body) < int(length[1]) and (piece := connection.recv(65_536)):
        body += piece
    return head + b"\r\n\r\n" + body


def test_a_large_body_is_refused_before_it_is_sent(service_url: str) -> None:
    answer = exchange(service_url, HEAD + b"content-length: 10000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'{"error":"The body is larger than the limit of 300000 bytes"}' in answer


def test_a_large_body_without_a_length_is_refused_while_it_is_sent(service_url: str) -> None:
    chunk = b"%x\r\n%s\r\n" % (100_000, b" " * 100_000)
    answer = exchange(service_url, HEAD + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 41)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_ten_megabytes_are_refused_and_the_next_request_served(client: httpx.Client) -> None:
    response = client.post("/translate", json={"text": "x" * 10_000_000})
    assert response.status_code == 413
    assert client.post("/translate", json={"text": SENTENCE}).status_code == 200


def test_a_client_that_asks_first_reads_why_its_large_body_is_refused(service_url: str) -> None:
    head = HEAD + b"expect: 100-continue\r\ncontent-length: 10000000\r\n\r\n"
    assert exchange(service_url, head).startswith(b"HTTP/1.1 413 ")  # and no 100 before it


def test_a_client_that_asks_first_may_send_a_small_body(service_url: str) -> None:
    body = json.dumps({"text": SENTENCE}).encode()
    head = HEAD + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(body)
    url = httpx.URL(service_url)
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        connection.sendall(head)
        assert read_answer(connection).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert read_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_requests_in_a_row_are_answered_in_their_order(service_url: str) -> None:
    row = b"".join(
        b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx-request-id: n%d\r\n\r\n" % number
        for number in range(5)
    )
    last = b"GET /livez HTTP/1.0\r\nhost: localhost\r\n\r\n"
    url = httpx.URL(service_url)
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        connection.sendall(row + last)
        answers = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answers.count(b'{"status":"ok"}') == 6
    assert re.findall(rb"x-request-id: (n\d)", answers) == [b"n%d" % number for number in range(5)]


def test_pages_are_asked_for_their_heads_and_whether_they_changed(client: httpx.Client) -> None:
    page = client.get("/")
    assert client.head("/").headers["content-length"] == page.headers["content-length"]
    known = {"if-none-match": page.headers["etag"]}
    assert client.get("/", headers=known).status_code == 304


@pytest.mark.parametrize("path", ["/-/healthz", "/-/routes", "/%2d/healthz"])
def test_rays_own_pages_are_closed(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


@pytest.mark.parametrize("framing", ["content-length: 10000000", "transfer-encoding: chunked"])
def test_a_client_that_reads_only_once_it_has_sent_everything_gets_its_413(
    service_url: str, framing: str
) -> None:
    chunk = b" " * 100_000
    piece = b"%x\r\n%s\r\n" % (len(chunk), chunk) if "chunked" in framing else chunk
    end = b"0\r\n\r\n" if "chunked" in framing else b""
    for _ in range(5):
        pieces = [HEAD, framing.encode(), b"\r\n\r\n", *[piece] * 100, end]
        assert exchange(service_url, *pieces).startswith(b"HTTP/1.1 413 ")


def test_a_slow_sender_is_cut_off_and_others_are_served_meanwhile(
    service_url: str, client: httpx.Client
) -> None:
    url = httpx.URL(service_url)
    slow = [socket.create_connection((url.host, url.port), timeout=30) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(HEAD + b"content-length: 1000\r\n\r\n{")
        assert client.post("/translate", json={"text": SENTENCE}).status_code == 200
        for connection in slow:
            assert read_answer(connection).startswith(b"HTTP/1.1 408 ")
    finally:
        for connection in slow:
            connection.close()


def test_a_chunked_request_is_served(service_url: str) -> None:
    body = json.dumps({"text": SENTENCE}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    answer = exchange(service_url, HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks)
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_what_is_not_http_gets_400(service_url: str) -> None:
    answer = exchange(service_url, b"\x16\x03\x01\x00\xa5 not http\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_rays_own_proxy_serves_the_same_where_it_is_asked_for(
    new_service: Callable[..., Service],
) -> None:
    service = new_service(environment={"RAY_SERVE_ENABLE_HA_PROXY": "0"}).start()
    assert service.translate(SENTENCE).status_code == 200
    steering = {b"x-request-timeout-seconds": b"0.0001", b"x-session-id": b"\xe9"}
    answer = httpx.post(
        f"{service.url}/translate", json={"text": SENTENCE}, headers=steering, timeout=60
    )
    assert answer.status_code == 200 and answer.headers["x-request-id"]
    assert service.stop() == 0, service.output()
