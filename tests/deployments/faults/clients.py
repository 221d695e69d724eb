"""Clients that ask one request after another, and what became of each."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import httpx

from benchmarks.support.service import ROOT, Service, wait_for

SENTENCE = "中国的科技创新能力正在快速提升。"
ARTICLE = (ROOT / "tests/data/article.zh.txt").read_text(encoding="utf-8")  # 2,004 characters

# Seconds without any answer. On two idle cores none of the tests sees more than 5; a machine that
# does other work takes so much longer to start a process.
GAP_S = 15


class Clients:
    """Some clients of a service; `answers` are 200 or what came instead, with their times."""

    def __init__(self, service: Service, count: int, text: str, pause: float) -> None:
        self.url, self.text, self.pause = f"{service.url}/translate", text, pause
        self.count = count
        self.answers: list[tuple[float, int | str]] = []
        self.over = threading.Event()
        self.held = False
        self.began = self.ended = time.monotonic()
        self.under_way = 0
        self.lock = threading.Lock()

    def ask(self) -> None:
        """One request after another, until it is over."""
        with httpx.Client(timeout=60) as client:
            while not self.over.is_set():
                if self.may_ask():
                    outcome = self.outcome(client)
                    self.answers.append((time.monotonic(), outcome))
                    with self.lock:
                        self.under_way -= 1
                time.sleep(self.pause)

    def may_ask(self) -> bool:
        """Whether a client may ask now; it is under way from then on."""
        with self.lock:
            self.under_way += not self.held
            return not self.held

    def outcome(self, client: httpx.Client) -> int | str:
        """200, or what came instead."""
        try:
            answer = client.post(self.url, json={"text": self.text})
        except httpx.HTTPError as error:
            return type(error).__name__
        return 200 if answer.status_code == 200 else f"{answer.status_code} {answer.text}"

    @contextmanager
    def silent(self) -> Iterator[None]:
        """While this lasts no request is under way."""
        with self.lock:
            self.held = True
        try:
            wait_for(lambda: not self.under_way, 60)
            yield
        finally:
            self.held = False

    def good(self) -> int:
        """How many were answered."""
        return sum(outcome == 200 for _, outcome in list(self.answers))

    def failures(self) -> Counter[int | str]:
        """How many ended in which other way."""
        return Counter(outcome for _, outcome in self.answers if outcome != 200)

    def longest(self) -> float:
        """Seconds without any 200."""
        good = sorted(at for at, outcome in self.answers if outcome == 200)
        return max(later - at for at, later in pairwise([self.began, *good, self.ended]))

    def go_on(self) -> None:
        """Return once each client has had two more answers: none still waits for an old one."""
        wanted = len(self.answers) + 2 * self.count
        wait_for(lambda: len(self.answers) >= wanted, 60)


@contextmanager
def asking(
    service: Service, fault: str, *, clients: int = 8, text: str = SENTENCE, pause: float = 0.02
) -> Iterator[Clients]:
    """Let clients ask while the block does what `fault` says; print what they met."""
    asked = Clients(service, clients, text, pause)
    with ThreadPoolExecutor(clients) as pool:
        threads = [pool.submit(asked.ask) for _ in range(clients)]
        try:
            wait_for(lambda: asked.good() > 2 * clients, 60)
            asked.began = asked.answers[0][0]
            yield asked
            asked.ended = time.monotonic()
        finally:
            asked.over.set()
            for thread in threads:
                thread.result()
    print(
        f"{fault}: {len(asked.answers)} requests, failed: {dict(asked.failures()) or 'none'}, "
        f"longest time without an answer {asked.longest():.1f} s"
    )
