"""Replicas that multiply and are shared, under load through HTTP."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil

from benchmarks.support.service import ROOT, Service, sending, wait_for

SENTENCE = "中国的科技创新能力正在快速提升。"
ARTICLE = (ROOT / "tests/data/article.zh.txt").read_text(encoding="utf-8")


def test_translators_multiply_under_load_and_go_back_without_an_error(service: Service) -> None:
    wait_for(lambda: len(service.replicas("translate")) == 1, 60)
    with sending(service, ARTICLE, clients=4, pause=0.0) as heavy:
        wait_for(lambda: len(service.replicas("translate")) == 2, 60)
        answered = len(heavy)
        wait_for(lambda: len(heavy) > answered + 8, 60)
    with sending(service, SENTENCE, clients=2, pause=0.3) as light:
        wait_for(lambda: len(light) > 8 and len(service.replicas("translate")) == 1, 90)
    assert set(heavy) == {200} and set(light) == {200}


def test_a_short_request_overtakes_a_long_one(service: Service) -> None:
    order: list[str] = []

    def send(name: str, text: str) -> None:
        assert service.translate(text).status_code == 200
        order.append(name)

    translator = the_translator(service)
    idle = spent(translator)
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(send, "long", ARTICLE * 9)
        wait_for(lambda: spent(translator) > idle + 0.3, 30)
        for _ in range(3):
            send("short", SENTENCE)
        long.result()
    assert order == ["short", "short", "short", "long"]


def test_each_of_many_requests_gets_its_own_answer(service: Service) -> None:
    texts = [f"我们有{number}个苹果。" for number in range(100, 164)]
    alone = [service.translate(text).json()["output"] for text in texts]
    with ThreadPoolExecutor(32) as pool:
        together = [response.json() for response in pool.map(service.translate, texts)]
    assert [answer["input"] for answer in together] == texts
    assert [answer["output"] for answer in together] == alone


def test_bad_neighbours_fail_alone(service: Service) -> None:
    texts = [f"我们有{number}个苹果。" for number in range(200, 216)]
    alone = [service.translate(text).json()["output"] for text in texts]
    bad = ["坏\0", "好" * 20_001, " "]
    with ThreadPoolExecutor(32) as pool:
        refused = [pool.submit(service.translate, text) for text in bad * 4]
        answered = list(pool.map(service.translate, texts))
        statuses = [response.result().status_code for response in refused]
    assert statuses == [400, 413, 400] * 4
    assert [answer.json()["output"] for answer in answered] == alone


def test_work_stops_when_its_client_leaves(service: Service) -> None:
    whole = cost(the_translator(service), lambda: service.translate(ARTICLE * 6))
    translator = the_translator(service)
    url = httpx.URL(service.url)
    body = httpx.Request("POST", url, json={"text": ARTICLE * 6}).content
    head = (
        "POST /translate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n"
        "x-request-disconnect-disabled: ?1\r\nx-request-timeout-seconds: 0\r\n\r\n"
    )

    def leave() -> None:
        with socket.create_connection((url.host, url.port)) as connection:
            before = spent(translator)
            connection.sendall(head.encode() + body)
            wait_for(lambda: spent(translator) > before + whole / 8, 60)

    assert cost(translator, leave) < whole / 2


def the_translator(service: Service) -> psutil.Process:
    """The only replica, once those that earlier load called for have gone.

    Others that come meanwhile take a share of the work, but what they cost is not counted.
    """
    wait_for(lambda: len(service.replicas("translate")) == 1, 60)
    return psutil.Process(service.replicas("translate")[0])


def spent(process: psutil.Process) -> float:
    """Seconds of CPU that the process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def cost(process: psutil.Process, action: Callable[[], object]) -> float:
    """Seconds of CPU that the process uses for the action and until it rests."""
    before = spent(process)
    action()
    seen = [spent(process)]
    while (len(seen) < 6 or seen[-1] - seen[-6] > 0.05) and process.is_running():
        time.sleep(0.2)
        seen.append(spent(process))
    return seen[-1] - before
