"""Clients of every kind at once: good, bad, slow and impatient ones.

Then a good one must be served.
"""

from __future__ import annotations

import random
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from benchmarks.support.service import ROOT, Service

SENTENCES = [
    "中国的科技创新能力正在快速提升。",
    "我们今天去北京。",
    "你好！",
    "他在图书馆里看了一整天的书。",
]
ARTICLE = (ROOT / "tests" / "data" / "article.zh.txt").read_text(encoding="utf-8")
BAD = [
    b"",
    b"{",
    b'{"text": 1}',
    b"\xff\xfe",
    b'{"text": "\\ud800"}',
    b"[" * 50_000,
    b"null",
    b" " * 5_000_000,
]


def act(service: Service, seed: int) -> int:
    """One client's request; its status, or 0 where it did not wait for the answer."""
    chance = random.Random(seed)
    kind = chance.choice(
        ["good", "good", "good", "article", "bad", "wrong way", "leaves", "leaves", "breaks off"]
    )
    with httpx.Client(base_url=service.url, timeout=60) as client:
        match kind:
            case "good":
                return client.post(
                    "/translate", json={"text": chance.choice(SENTENCES)}
                ).status_code
            case "article":
                return client.post(
                    "/translate", json={"text": ARTICLE[: chance.randrange(20, 1000)]}
                ).status_code
            case "bad":
                return client.post("/translate", content=chance.choice(BAD)).status_code
            case "wrong way":
                method, path = (
                    chance.choice(["GET", "PUT", "DELETE"]),
                    chance.choice(["/translate", "/nowhere"]),
                )
                return client.request(method, path).status_code
    body = httpx.Request("POST", service.url, json={"text": ARTICLE}).content
    head = b"POST /translate HTTP/1.1\r\nhost: test\r\ncontent-length: %d\r\n\r\n" % len(body)
    sent = len(body) if kind == "leaves" else chance.randrange(len(body))
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(head + body[:sent])
        connection.settimeout(chance.random() / 2)
        with suppress(TimeoutError):
            connection.recv(1)
    return 0


@pytest.mark.parametrize("requests", [150, pytest.param(10_000, marks=pytest.mark.chaos_long)])
def test_clients_of_every_kind_do_no_harm(service: Service, requests: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(lambda seed: act(service, seed), range(requests)))
    assert statuses <= {0, 200, 400, 404, 405, 413}
    assert service.translate(SENTENCES[0]).status_code == 200
