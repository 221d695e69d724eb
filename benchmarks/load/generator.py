"""The process that sends requests, and says how each ended.

`python -m benchmarks.load.generator` reads a job from standard input and writes one JSON object a
line: what happens, when it happens, and last the result. It imports next to nothing, so that it
leaves the machine to the service.

- `open`: each request is due at a time that was fixed beforehand, whatever has become of the
  earlier ones. After the last, single requests find out when the service is itself again.
- `closed`: each of some clients sends its next request when its last was answered.
- `probe`: single requests, at a moderate pace.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import sys
import time
from collections import Counter
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from benchmarks.load.connections import MOST, Answer, Pool

PACE_S = 0.25  # from one single request to the next
IN_A_ROW = 8  # single requests as quick as ever: the service is itself again
AFTER_A_FAILURE_S = 0.05  # before a client of the closed loop asks again
SAY_EVERY_S = 0.5
FILES = 2 * MOST


def say(event: str, **fields: Any) -> None:
    """Write a line to whoever started this process."""
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def encode(url: str, text: str) -> bytes:
    """The whole request that asks for a text's translation."""
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    head = f"POST /translate HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Generator:
    """Does one job."""

    def __init__(self, job: dict[str, Any]) -> None:
        address = urlsplit(job["url"])
        assert address.hostname is not None
        self.job = job
        self.pool = Pool(address.hostname, address.port or 80, job["patience_s"])
        self.requests = [encode(job["url"], text) for text in job["texts"]]
        self.probe_request = encode(job["url"], job["probe"])
        self.loop = asyncio.get_running_loop()
        self.statuses: Counter[str] = Counter()
        self.began = 0.0
        self.rows: list[tuple[int, float, float, str, str | None, bool]] = []

    async def do(self) -> dict[str, Any]:
        """What the job asks for, as its result."""
        telling = self.loop.create_task(self.tell())
        kinds = {"open": self.open_loop, "closed": self.closed_loop, "probe": self.probes}
        try:
            return await kinds[self.job["kind"]]()
        finally:
            telling.cancel()
            self.pool.close()

    async def tell(self) -> None:
        """Say how far the job is, now and then."""
        while True:
            await asyncio.sleep(SAY_EVERY_S)
            passed = max(0.0, self.loop.time() - self.began) if self.began else 0.0
            say("progress", passed=passed, statuses=self.statuses)

    def note(self, index: int, sent: float, answer: Answer) -> None:
        """Keep how a request ended: times since the beginning, in seconds."""
        self.statuses[answer.status] += 1
        times = round(sent - self.began, 5), round(answer.at - self.began, 5)
        self.rows.append((index, *times, answer.status, answer.retry_after, answer.is_json))

    def note_done(self, index: int, sent: float, done: asyncio.Future[Answer]) -> None:
        """The same, of a request that nobody awaits."""
        self.note(index, sent, done.result())

    async def open_loop(self) -> dict[str, Any]:
        """Send each request when it is due; the rows are in the order of the answers."""
        under_way = []
        say("begin")
        cpu, self.began = time.process_time(), self.loop.time()
        for index, (due, text) in enumerate(self.job["arrivals"]):
            # Also where it is late already: what has arrived is read first.
            await asyncio.sleep(max(0.0, self.began + due - self.loop.time()))
            sent = self.loop.time()
            asked = self.pool.ask(self.requests[text])
            asked.add_done_callback(partial(self.note_done, index, sent))
            under_way.append(asked)
        await asyncio.sleep(max(0.0, self.began + self.job["seconds"] - self.loop.time()))
        ended = self.loop.time()
        recovery = self.loop.create_task(self.recovery(ended))
        await asyncio.wait(under_way)
        drained = self.loop.time()
        share = (time.process_time() - cpu) / (drained - self.began)
        say("end")
        found = {"drain_s": drained - ended, "recovery": await recovery}
        return found | {"rows": self.rows, "cpu_share": share, "connections": self.pool.opened}

    async def closed_loop(self) -> dict[str, Any]:
        """Let clients ask for one text after another; those of the warm-up are not in the rows."""
        seconds, warm = self.job["seconds"], self.job["warm_s"]
        order, stop = itertools.cycle(self.job["order"]), asyncio.Event()

        async def client() -> None:
            while not stop.is_set():
                text, sent = next(order), self.loop.time()
                answer = await self.pool.ask(self.requests[text])
                self.note(text, sent, answer)
                if answer.status != "200":
                    await asyncio.sleep(AFTER_A_FAILURE_S)

        self.began = self.loop.time() + warm  # what is answered before has negative times
        clients = [self.loop.create_task(client()) for _ in range(self.job["clients"])]
        await asyncio.sleep(warm)
        say("begin")
        cpu = time.process_time()
        await asyncio.sleep(self.began + seconds - self.loop.time())
        say("end")
        share = (time.process_time() - cpu) / seconds
        stop.set()
        await asyncio.gather(*clients)
        rows = [row for row in self.rows if 0 < row[2] <= seconds]
        return {"rows": rows, "cpu_share": share, "connections": self.pool.opened}

    async def probe(self) -> Answer:
        """One request; `at` is how long it took."""
        sent = self.loop.time()
        answer = await self.pool.ask(self.probe_request)
        self.statuses[answer.status] += 1
        await asyncio.sleep(max(0.0, sent + PACE_S - self.loop.time()))
        return answer._replace(at=answer.at - sent)

    async def probes(self) -> dict[str, Any]:
        """Single requests, as many as the job says."""
        self.began = self.loop.time()
        answers = [await self.probe() for _ in range(self.job["count"])]
        return {"latencies_s": [answer.at for answer in answers if answer.status == "200"]}

    async def recovery(self, ended: float) -> dict[str, float | None]:
        """Seconds until a single request is answered, and until they are as quick as ever.

        That is the first answer of several in a row that take no longer than `normal_s`.
        """
        first = begin = None
        in_a_row = 0
        while in_a_row < IN_A_ROW and self.loop.time() - ended < self.job["recovery_s"]:
            sent = self.loop.time()
            answer = await self.probe()
            answered = sent + answer.at - ended
            if answer.status == "200" and first is None:
                first = answered
            if answer.status == "200" and answer.at <= self.job["normal_s"]:
                begin = answered if not in_a_row else begin
                in_a_row += 1
            else:
                in_a_row = 0
        return {"first_s": first, "normal_s": begin if in_a_row == IN_A_ROW else None}


async def run(job: dict[str, Any]) -> None:
    """Do the job and say its result."""
    first = go_first()
    say("result", **await Generator(job).do(), first=first)


def go_first() -> bool:
    """Run before other processes, where that is allowed; returns whether it is.

    Clients elsewhere send on time, however busy the service's machine is.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (AttributeError, OSError):  # not Linux, or not root
        return False
    return True


def main() -> None:
    """Read the job, and do it."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES if most == resource.RLIM_INFINITY else min(most, FILES)
    if allowed != resource.RLIM_INFINITY and allowed < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    asyncio.run(run(json.load(sys.stdin)))


if __name__ == "__main__":
    main()
