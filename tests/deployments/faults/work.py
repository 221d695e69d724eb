"""Which translator works, by the CPU time of its process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil

from benchmarks.support.service import Service, wait_for
from tests.deployments.faults.clients import SENTENCE

TEXTS = [SENTENCE] * 8
BUSY_S = 0.3  # of CPU, which nothing but requests needs at once
REST_S = 0.15  # of CPU in a second that a translator uses for Ray and its health checks at most


class Work:
    """What translators use from now on; `busy` is the one that used the most."""

    def __init__(self, translators: Sequence[int]) -> None:
        self.before = {pid: spent(pid) for pid in translators}
        self.busy = translators[0]

    def grown(self) -> dict[int, float]:
        """Seconds of CPU that each has used."""
        return {pid: spent(pid) - before for pid, before in self.before.items()}

    def is_found(self) -> bool:
        """Whether one does more than rest."""
        grown = self.grown()
        self.busy = max(grown, key=grown.__getitem__)
        return grown[self.busy] > BUSY_S


def spent(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def translators_in_use(service: Service, count: int) -> list[int]:
    """The translators once there are so many and each has translated.

    One that starts is among the processes seconds before it takes requests: all must have come to
    rest first.
    """
    wait_for(lambda: len(service.replicas("translate")) == count, 60)
    found = service.replicas("translate")
    wait_for(lambda: at_rest(found), 60)
    work = Work(found)

    def all_work() -> bool:
        with ThreadPoolExecutor(8) as pool:
            statuses = {answer.status_code for answer in pool.map(service.translate, TEXTS)}
        assert statuses == {200}
        return min(work.grown().values()) > BUSY_S

    wait_for(all_work, 60)
    return found


def at_rest(translators: Sequence[int]) -> bool:
    """Whether none of them does anything but rest for a second."""
    work = Work(translators)
    time.sleep(1)
    return max(work.grown().values()) < REST_S
