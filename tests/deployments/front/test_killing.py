"""Processes of the front that are killed or stopped under load: what clients notice."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from benchmarks.support.processes import command, descendants
from benchmarks.support.service import Service, wait_for
from tests.deployments.faults.processes import hang

pytestmark = pytest.mark.cluster
RESTARTING = {"error": "The service is restarting"}


class Watch:
    """Clients that ask one request after another, and what became of each."""

    def __init__(self, service: Service) -> None:
        self.url = f"{service.url}/translate"
        self.answers: list[tuple[float, httpx.Response | str]] = []
        self.over = threading.Event()

    def ask(self) -> None:
        """Until it is over; on a connection that is kept, as most clients do."""
        with httpx.Client(timeout=30) as client:
            while not self.over.is_set():
                answer: httpx.Response | str
                try:
                    # The ingress answers 400 itself: nothing else is in the way.
                    answer = client.post(self.url, json={"text": ""})
                except httpx.HTTPError as error:
                    answer = type(error).__name__
                self.answers.append((time.monotonic(), answer))
                time.sleep(0.02)

    def good(self) -> list[float]:
        return sorted(at for at, answer in self.answers if status(answer) == 400)

    def failures(self) -> list[httpx.Response | str]:
        return [answer for _, answer in self.answers if status(answer) != 400]

    def longest(self) -> float:
        """Seconds without any good answer."""
        good = self.good()
        return max(later - at for at, later in pairwise(good))


def status(answer: httpx.Response | str) -> int:
    return 0 if isinstance(answer, str) else answer.status_code


@contextmanager
def asking(service: Service, clients: int = 3) -> Iterator[Watch]:
    watch = Watch(service)
    threads = [threading.Thread(target=watch.ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: len(watch.good()) > 10, 30)
        yield watch
    finally:
        watch.over.set()
        for thread in threads:
            thread.join()
    print(
        f"{len(watch.answers)} requests, failed: {len(watch.failures())}, "
        f"longest time without an answer {watch.longest():.1f} s"
    )


def find(service: Service, is_it: Callable[[str], bool]) -> list[int]:
    assert service.process is not None
    return [pid for pid in descendants(service.process.pid) if is_it(command(pid))]


def haproxy(service: Service) -> list[int]:
    return find(service, lambda line: line.split(" ")[0].endswith("/haproxy"))


def managers(service: Service) -> list[int]:
    return find(service, lambda line: line.startswith("ray::FrontDoor"))


def replaced(find_them: Callable[[], list[int]], before: list[int]) -> bool:
    return bool(set(find_them()) - set(before))


def test_haproxy_that_is_killed_is_back_at_once(service: Service) -> None:
    wait_for(lambda: asked(service) == 2, 60)
    with asking(service) as watch:
        before, manager = haproxy(service), managers(service)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for(partial(replaced, partial(haproxy, service), before), 10)
        time.sleep(4)  # in which Ray would miss it
    assert watch.longest() < 5, watch.longest()
    assert managers(service) == manager


def test_nobody_notices_that_the_manager_of_haproxy_is_killed(service: Service) -> None:
    with asking(service) as watch:
        before, front = managers(service), haproxy(service)
        assert len(before) == 1
        os.kill(before[0], signal.SIGKILL)
        wait_for(partial(replaced, partial(managers, service), before), 30)
        wait_for(lambda: bool(haproxy(service)) and not set(haproxy(service)) & set(front), 30)
        time.sleep(1)
    assert watch.failures() == []
    assert watch.longest() < 5, watch.longest()
    assert len(watch.good()) > 50


def test_a_replica_that_is_killed_costs_no_request(service: Service) -> None:
    wait_for(lambda: asked(service) == 2, 60)
    before = service.replicas("ingress")
    with asking(service) as watch:
        os.kill(before[0], signal.SIGKILL)
        wait_for(partial(whole, service, before), 60)
    for failure in watch.failures():
        assert isinstance(failure, httpx.Response), failure
        assert failure.status_code == 503 and failure.json() == RESTARTING
        assert failure.headers["retry-after"] == "1"
    assert len(watch.failures()) <= 3
    assert watch.longest() < 5, watch.longest()


def whole(service: Service, before: list[int]) -> bool:
    """Whether another took the place of the first of `before`, and HAProxy asks it."""
    now = service.replicas("ingress")
    return len(now) == 2 and before[0] not in now and asked(service) == 2


def asked(service: Service) -> int:
    """How many ingress replicas pass HAProxy's checks."""
    words = command(haproxy(service)[-1]).split(" ")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(Path(words[words.index("-f") + 1]).with_name("admin.sock")))
        connection.sendall(b"show stat\n")
        lines = connection.makefile(encoding="utf-8").read().splitlines()
    states = [line.split(",")[17] for line in lines if line.startswith("http-csanmt,SERVE_REPLICA")]
    return states.count("UP")


def test_a_replica_that_hangs_is_passed_over_and_replaced(service: Service) -> None:
    wait_for(lambda: asked(service) == 2, 60)
    before = service.replicas("ingress")
    with asking(service) as watch:
        hang(before[0])
        wait_for(partial(whole, service, before), 60)
    assert watch.failures() == []  # what it held was asked again
    assert watch.longest() < 5, watch.longest()
