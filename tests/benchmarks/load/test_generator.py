"""The process that sends, tried on a small server of this process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count

import pytest

from benchmarks.load.arrivals import Texts
from benchmarks.load.measure import Plan, capacity, do, idle_p50_ms, open_run
from benchmarks.load.responses import parse
from benchmarks.support.service import free_port

TEXTS = Texts(["短的句子。", "另一个句子。", "第三个句子在这里。"], ["这是一个长一点的句子。"])
Reply = Callable[[dict[str, str], int], bytes | None]


def reply(status: int, body: str = "{}", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def well(body: dict[str, str], count: int) -> bytes:
    """Every request is answered."""
    assert body["text"]
    assert count >= 0
    return reply(200)


def broken(body: dict[str, str], count: int) -> bytes:
    """No request is answered."""
    return well(body, count).replace(b" 200 ", b" 500 ")


@contextmanager
def serving(answer: Reply, delay_s: float = 0.0) -> Iterator[str]:
    """A server in a thread; `answer` is told the body and how many came before, None: hang up."""
    counted = count()
    port, ready, ended = free_port(), threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                await asyncio.sleep(delay_s)
                if (data := answer(body, next(counted))) is None:
                    break
                writer.write(data)
        writer.close()

    async def listen() -> None:
        loops.append(asyncio.get_running_loop())
        server = await asyncio.start_server(handle, "127.0.0.1", port)
        ready.set()
        await ended.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(listen(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loops[0].call_soon_threadsafe(ended.set)
        thread.join()


def plan(url: str, seconds: float = 1.0) -> Plan:
    return Plan(url, None, TEXTS, seconds, 0.3, clients=4, seed=1)


def unheard(passed: float, statuses: Mapping[str, int]) -> None:
    """No progress is shown."""


def test_a_recorded_run_is_counted_as_the_server_answered_it() -> None:
    def answer(body: dict[str, str], count: int) -> bytes | None:
        if body["text"] == TEXTS.probe:
            return well(body, count)
        kinds = (reply(200), reply(503, headers="Retry-After: 3\r\n"), reply(500, "oops"), None)
        return kinds[0 if count < 10 else count % 4]

    with serving(answer) as url:
        known = capacity(plan(url), 0.3, unheard)
        assert known.per_second > 20
        assert known.processes is None
        known = replace(known, per_second=50.0)
        idle = idle_p50_ms(plan(url), unheard)
        run = open_run(plan(url, 2.0), 2.0, False, known, idle + 100, unheard)
    group = run.groups["short"]
    assert group.sent == 200
    assert sum(group.ends.values()) == 200
    assert set(group.ends) == {"200", "503", "500", "closed"}
    assert group.refused == group.ends["503"] == group.refusals_with_retry_after
    assert group.retry_after_s == (3.0, 3.0)
    assert group.refusals_in_json == group.refused
    assert run.goodput == pytest.approx(group.answered / 2.0 / 50.0, abs=0.01)
    assert run.recovery.first_s is not None
    assert run.recovery.normal_s is not None
    assert 0 < run.sender.cpu_percent < 100


def test_arrivals_do_not_wait_for_answers() -> None:
    with serving(well, delay_s=1.5) as url:
        job = {"kind": "open", "url": url, "texts": ["好"], "probe": "好", "patience_s": 20}
        job |= {"arrivals": [(n / 40, 0) for n in range(40)], "seconds": 1.0}
        found = do(job | {"normal_s": 2.0, "recovery_s": 0.5}, lambda _: None, unheard)
    sent = sorted(row[1] for row in found["rows"])
    assert len(sent) == 40
    assert sent[-1] < 1.4  # none had been answered when the last was sent
    assert all(row[2] >= row[1] + 1.5 for row in found["rows"])
    assert found["connections"] > 30
    assert found["recovery"] == {"first_s": pytest.approx(1.5, abs=0.4), "normal_s": None}


@pytest.mark.parametrize(
    ("listening", "name"), [(False, "connection refused"), (True, "no answer")]
)
def test_a_request_without_an_answer_has_a_name(listening: bool, name: str) -> None:
    job = {"kind": "open", "texts": ["好"], "probe": "好", "patience_s": 0.5, "seconds": 0.1}
    job |= {"arrivals": [(0.0, 0)], "normal_s": 1.0, "recovery_s": 0.1}
    if listening:
        with serving(well, delay_s=3) as url:
            found = do(job | {"url": url}, lambda _: None, unheard)
    else:
        url = f"http://127.0.0.1:{free_port()}"
        found = do(job | {"url": url}, lambda _: None, unheard)
    assert [row[3] for row in found["rows"]] == [name]
    assert found["recovery"] == {"first_s": None, "normal_s": None}


def test_a_service_that_answers_nothing_ends_the_benchmark_with_a_line() -> None:
    with serving(broken) as url, pytest.raises(SystemExit, match="answered no request"):
        capacity(plan(url, 0.3), 0.1, unheard)


def test_answers_are_read_however_they_are_framed() -> None:
    whole = reply(503, '{"a": 1}')
    assert parse(whole[:-1]) is None
    assert parse(whole[:20]) is None
    found = parse(whole)
    assert found is not None
    assert (found.status, found.kept, found.is_json) == ("503", True, True)
    head = b"HTTP/1.1 200 OK\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
    assert parse(chunked) is None
    found = parse(chunked + b"0\r\n\r\n")
    assert found is not None
    assert (found.kept, found.is_json) == (True, False)
    until_closed = head + b"Content-Type: application/json\r\n\r\n{}"
    assert parse(until_closed) is None
    found = parse(until_closed, closed=True)
    assert found is not None
    assert (found.kept, found.is_json) == (False, True)
    asked_to_close = parse(reply(200, headers="Connection: close\r\n"))
    assert asked_to_close is not None
    assert not asked_to_close.kept
    lying = parse(reply(200, "oops"))
    assert lying is not None
    assert not lying.is_json
