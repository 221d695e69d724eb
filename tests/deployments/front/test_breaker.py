"""Work that HAProxy refuses itself: because the ingress said so, or because it is too much."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx
import pytest

from benchmarks.support.processes import cpu_seconds
from benchmarks.support.service import free_port
from deployments.front import rules
from deployments.front.mend import mend
from tests.deployments.front.played import Replicas, running
from tests.deployments.front.rendered import backend, rendered

REFUSAL = {"error": "The service is busy"}


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


def test_more_work_than_the_backend_may_hold_is_refused_but_no_page(
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
                httpx.get(f"http://127.0.0.1:{port}/", timeout=0.5)
            for connection in held:
                connection.close()
            process.kill()
