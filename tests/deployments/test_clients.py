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
JSON = {"content-type": "application/json"}
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


def act(service: Service, seed: int) -> tuple[str, int]:
    """One client's kind, and the status of its answer; 0 where it did not wait for one."""
    chance = random.Random(seed)
    kind = chance.choice(
        ["good", "good", "good", "article", "bad", "wrong way", "leaves", "leaves", "breaks off"]
    )
    with httpx.Client(base_url=service.url, timeout=60) as client:
        match kind:
            case "good":
                text = {"text": chance.choice(SENTENCES)}
                return kind, checked(client.post("/translate", json=text))
            case "article":
                text = {"text": ARTICLE[: chance.randrange(20, 1000)]}
                return kind, checked(client.post("/translate", json=text))
            case "bad":
                return kind, checked(
                    client.post("/translate", content=chance.choice(BAD), headers=JSON)
                )
            case "wrong way":
                method = chance.choice(["GET", "PUT", "DELETE"])
                path = chance.choice(["/translate", "/nowhere"])
                return kind, checked(client.request(method, path))
    body = httpx.Request("POST", service.url, json={"text": ARTICLE}).content
    head = b"POST /translate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    head += b"content-length: %d\r\n\r\n" % len(body)
    sent = len(body) if kind == "leaves" else chance.randrange(len(body))
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(head + body[:sent])
        connection.settimeout(chance.random() / 2)
        with suppress(TimeoutError):
            connection.recv(1)
    return kind, 0


def checked(response: httpx.Response) -> int:
    """The status of an answer that keeps the API's word: JSON, and when to come back if busy."""
    assert ("error" in response.json()) == (response.status_code != 200), response.text
    assert ("retry-after" in response.headers) == (response.status_code == 503), response.text
    return response.status_code


# What each kind may get; a busy machine may refuse work.
STATUSES = {
    "good": {200, 503},
    "article": {200, 503},
    "bad": {400, 413, 503},
    "wrong way": {404, 405, 503},
    "leaves": {0},
    "breaks off": {0},
}


@pytest.mark.parametrize("requests", [150, pytest.param(10_000, marks=pytest.mark.chaos_long)])
def test_clients_of_every_kind_do_no_harm(service: Service, requests: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda seed: act(service, seed), range(requests)))
    assert [answer for answer in answers if answer[1] not in STATUSES[answer[0]]] == []
    translated = [status == 200 for kind, status in answers if 200 in STATUSES[kind]]
    assert sum(translated) > 0.9 * len(translated)
    assert service.translate(SENTENCES[0]).status_code == 200
