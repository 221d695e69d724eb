"""A process of clients that ask a service, or the bare engine, for translations.

Each asks for one after another. benchmarks.overhead runs it as `python -m benchmarks.clients TASK`,
and reads how many answers there were from a file. It imports nothing but what it asks, so that its
memory is the engine's.
"""

from __future__ import annotations

import http.client
import itertools
import json
import mmap
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

WARM_S = 3.0  # of every load, before it is measured
SIZE = 8  # bytes of a count
STRIDE = 7  # texts from one request of a client to its next
Translate = Callable[[str], None]  # asks for a text's translation


@dataclass(frozen=True)
class Task:
    """What the clients do; without a URL they ask an engine of their own."""

    url: str
    model: str
    beam: int
    texts: Sequence[str]
    clients: int


@dataclass(frozen=True)
class Clients:
    """A running process of clients."""

    pid: int
    counter: mmap.mmap

    @property
    def answers(self) -> int:
        """How many there have been."""
        return int.from_bytes(self.counter[:SIZE], "little")


@contextmanager
def running(task: Task) -> Iterator[Clients]:
    """Let the clients ask until the end of the block; they are warm at its beginning."""
    with tempfile.TemporaryFile() as file:
        file.truncate(SIZE)
        counter = mmap.mmap(file.fileno(), SIZE)
        command = [sys.executable, "-m", "benchmarks.clients", json.dumps(asdict(task))]
        with subprocess.Popen(command, stdin=file) as process:
            clients = Clients(process.pid, counter)
            try:
                while not clients.answers:
                    if process.poll() is not None:
                        raise SystemExit("benchmarks.clients failed (above)")
                    time.sleep(0.1)
                time.sleep(WARM_S)
                yield clients
            finally:
                process.kill()


def main(task: Task, file: BinaryIO) -> None:
    """Ask without end, and count the answers in the file."""
    counter, lock, total = mmap.mmap(file.fileno(), SIZE), threading.Lock(), itertools.count(1)
    connect = http_connections(task.url) if task.url else engine_connections(task)

    def loop(client: int) -> None:
        translate = connect()
        for n in itertools.count(client):
            translate(task.texts[n * STRIDE % len(task.texts)])
            with lock:
                counter[:SIZE] = next(total).to_bytes(SIZE, "little")

    threads = [
        threading.Thread(target=loop, args=(client,), daemon=True) for client in range(task.clients)
    ]
    for thread in threads:
        thread.start()
    while all(thread.is_alive() for thread in threads):
        time.sleep(0.5)


def http_connections(url: str) -> Callable[[], Translate]:
    """Makes connections to the service; each is kept."""
    host, _, port = url.removeprefix("http://").partition(":")
    headers = {"Content-Type": "application/json"}

    def connect() -> Translate:
        connection = http.client.HTTPConnection(host, int(port), timeout=60)

        def post(text: str) -> None:
            connection.request("POST", "/translate", json.dumps({"text": text}), headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {body.decode()}")

        return post

    return connect


def engine_connections(task: Task) -> Callable[[], Translate]:
    """Makes no connections: all clients share one engine."""
    from pipeline.translator import Translator

    translator = Translator.load(Path(task.model))
    options = replace(translator.engine.defaults, beam_size=task.beam)

    def translate(text: str) -> None:
        translator.translate(text, options=options)

    return lambda: translate


if __name__ == "__main__":
    main(Task(**json.loads(sys.argv[1])), sys.stdin.buffer)
