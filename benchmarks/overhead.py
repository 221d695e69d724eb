"""`python -m benchmarks.overhead`: what HTTP and Ray Serve cost a request, beside the translation itself.

The service is started as its users start it, once a mode, with a Ray of its own. Clients send short sentences one
after another over connections that they keep; as many threads of one process ask the bare engine
(`pipeline.translator`) for the same sentences. The overhead is the CPU time of all processes of the service, a
request, less that of the bare engine, a sentence. What the clients use is not counted, what Ray does at rest is. Each
figure is the median of several windows, with their range. Beam 1 keeps the model's share, and its noise, small.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import ray

from benchmarks.processes import cpu_seconds, memory_mb
from pipeline.resources import DEFAULT_MODEL, ROOT
from pipeline.translator import Translator
from quantize.judge.report import cpu_name
from tests.service import Service, command, descendants, free_port

MODES: dict[str, dict[str, str]] = {
    "default": {},
    "plain": {"RAY_SERVE_THROUGHPUT_OPTIMIZED": "0"},
    "throughput": {"RAY_SERVE_ENABLE_HA_PROXY": "1"},
}
TEXTS = ROOT / "quantize" / "testsets" / "flores-dev.zh"
LONGEST = 24  # characters of a short sentence
CLIENTS = (1, 8, 32)
WARM_S = 3.0  # of every load, before it is measured


@dataclass(frozen=True)
class Measured:
    """Of one number of clients: CPU milliseconds and requests, medians and ranges over the windows."""

    clients: int
    cpu_ms: float
    range_ms: tuple[float, float]
    per_second: float
    parts_ms: dict[str, float]  # by kind of process


@dataclass(frozen=True)
class Windows:
    """How long to measure: so many windows of so many seconds."""

    count: int
    seconds: float


def sender(url: str, model: str, beam: int) -> Callable[[], Callable[[str], None]]:
    """Makes one client's way to a translation: over HTTP where there is a URL, else in this process."""
    if not url:
        translator = Translator.load(model)
        options = replace(translator.engine.defaults, beam_size=beam)

        def direct(text: str) -> None:
            translator.translate(text, options=options)

        return lambda: direct
    host, _, port = url.removeprefix("http://").partition(":")

    def connect() -> Callable[[str], None]:
        connection = http.client.HTTPConnection(host, int(port), timeout=60)

        def post(text: str) -> None:
            connection.request("POST", "/translate", json.dumps({"text": text}), {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {body.decode()}")

        return post

    return connect


def clients(url: str, model: str, beam: int, texts: Sequence[str], number: int, done: Any) -> None:
    """The main function of the process that the clients are threads of; counts requests in `done`."""
    connect = sender(url, model, beam)

    def loop(client: int) -> None:
        send = connect()
        for n in itertools.count(client):
            send(texts[n * 7 % len(texts)])
            with done.get_lock():
                done.value += 1

    for client in range(number):
        threading.Thread(target=loop, args=(client,), daemon=True).start()
    threading.Event().wait()


@contextmanager
def load(url: str, model: str, beam: int, texts: Sequence[str], number: int) -> Iterator[tuple[int, Any]]:
    """The process of so many clients, and its count of requests."""
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    process = context.Process(target=clients, args=(url, model, beam, texts, number, done), daemon=True)
    process.start()
    try:
        while not done.value:
            if not process.is_alive():
                raise SystemExit("benchmarks.overhead: the clients failed (above)")
            time.sleep(0.1)
        time.sleep(WARM_S)
        assert process.pid is not None
        yield process.pid, done
    finally:
        process.kill()
        process.join()


def measure(number: int, done: Any, processes: Callable[[], Mapping[int, str]], windows: Windows) -> Measured:
    """What the processes use while the clients send; `processes` maps ids to kinds."""
    costs, rates, parts = [], [], []
    for _ in range(windows.count):
        before, count, start = cpu_seconds(processes()), done.value, time.monotonic()
        time.sleep(windows.seconds)
        used = cpu_seconds(processes())
        requests = max(1, done.value - count)
        rates.append(requests / (time.monotonic() - start))
        part = {kind: (used[kind] - before.get(kind, 0.0)) / requests * 1000 for kind in used}
        parts.append(part)
        costs.append(sum(part.values()))
    middle = {kind: statistics.median(part.get(kind, 0.0) for part in parts) for kind in parts[-1]}
    return Measured(
        number, statistics.median(costs), (min(costs), max(costs)), statistics.median(rates), rounded(middle)
    )


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {kind: round(value, 2) for kind, value in sorted(values.items(), key=lambda item: -item[1])}


def kind(pid: int) -> str:
    """A process of the service by its part in it."""
    words = command(pid)
    if replica := re.match(r"ray::ServeReplica:csanmt:([a-z]+)", words):
        return replica[1]
    if actor := re.match(r"ray::(\w+)", words):
        return {"ProxyActor": "proxy", "HAProxyManager": "proxy", "ServeController": "controller"}.get(actor[1], "Ray")
    return "haproxy" if "haproxy" in words.split(" ")[0] else "Ray"


def bare(model: str, beam: int, texts: Sequence[str], windows: Windows) -> tuple[list[Measured], float]:
    """The engine without a service, and the MB that its process has at the end."""
    found = []
    for number in CLIENTS:
        with load("", model, beam, texts, number) as (pid, done):
            found.append(measure(number, done, lambda pid=pid: {pid: "engine"}, windows))  # type: ignore[misc]
            memory = memory_mb(pid)
    return found, memory


def served(
    model: str, beam: int, texts: Sequence[str], windows: Windows, environment: Mapping[str, str], batches: bool
) -> dict[str, Any]:
    """The service in one mode: its requests, what it uses at rest, and the MB of each of its processes."""
    folder = Path(tempfile.mkdtemp(prefix="cs", dir="/tmp"))  # sockets need a short path
    ports = {f"RAY_SERVE_HAPROXY_{name}_PORT": str(free_port()) for name in ("METRICS", "STATS")}
    args: dict[str, Any] = {"models": [model], "decoding": {"beam_size": beam}}
    if not batches:
        args["micro_batches"] = {"tokens": 0}
    service = Service(folder, environment={**ports, **environment}, **args)
    try:
        service.start()
        assert service.process is not None
        root = service.process.pid

        def processes() -> dict[int, str]:
            return {pid: kind(pid) for pid in (root, *descendants(root))}

        rest = []
        for _ in range(windows.count):
            before = cpu_seconds(processes())
            time.sleep(windows.seconds)
            rest.append(sum(cpu_seconds(processes()).values()) - sum(before.values()))
        found = []
        for number in CLIENTS:
            with load(service.url, model, beam, texts, number) as (_, done):
                found.append(measure(number, done, processes, windows))
        memory = {f"{name} {pid}": memory_mb(pid) for pid, name in processes().items()}
    finally:
        status = service.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if status:
        raise SystemExit(f"benchmarks.overhead: the service ended with status {status}")
    return {
        "environment": dict(environment),
        "rest_percent_of_a_core": round(100 * statistics.median(rest) / windows.seconds, 1),
        "loads": [asdict(item) for item in found],
        "memory_mb": rounded(memory),
    }


def row(name: str, items: Sequence[Mapping[str, Any]], engine: Sequence[Measured]) -> str:
    cells = [
        f"{item['cpu_ms'] - base.cpu_ms:6.2f} ({item['range_ms'][0] - base.cpu_ms:.2f} to "
        f"{item['range_ms'][1] - base.cpu_ms:.2f}), {item['per_second']:.0f}/s"
        for item, base in zip(items, engine, strict=True)
    ]
    return "".join(f"{cell:<34}" for cell in [name, *cells])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--modes", default=",".join(MODES), help="by commas (default: %(default)s)")
    parser.add_argument("--env", action="append", default=[], metavar="KEY=VALUE", help="set in every mode as well")
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--windows", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0, help="of a window")
    parser.add_argument("--quick", action="store_true", help="three windows of two seconds")
    parser.add_argument("--apart", action="store_true", help="without micro-batches")
    parser.add_argument("--out", type=Path, help="also write everything as JSON")
    arguments = parser.parse_args()
    windows = Windows(3, 2.0) if arguments.quick else Windows(arguments.windows, arguments.seconds)
    texts = [line for line in TEXTS.read_text(encoding="utf-8").splitlines() if len(line) <= LONGEST]
    common = (arguments.model, arguments.beam, texts, windows)
    engine, memory = bare(*common)
    versions = {"python": platform.python_version(), "ray": ray.__version__}
    found: dict[str, Any] = {"cpu": cpu_name(), "cores": os.cpu_count(), **versions, "texts": len(texts)}
    found |= {"engine": {"loads": [asdict(item) for item in engine], "memory_mb": round(memory)}, "modes": {}}
    print(f"{found['cpu']}, {os.cpu_count()} cores, Ray {ray.__version__}; CPU ms a request, median (range), and rate")
    print("".join(f"{head:<34}" for head in ["", *(f"{number} clients" for number in CLIENTS)]))
    print("".join(f"{c:<34}" for c in ["bare engine", *(f"{m.cpu_ms:6.2f}, {m.per_second:.0f}/s" for m in engine)]))
    for mode in arguments.modes.split(","):
        environment = MODES[mode] | dict(pair.split("=", 1) for pair in arguments.env)
        found["modes"][mode] = result = served(*common, environment, batches=not arguments.apart)
        print(row(f"overhead, {mode}", result["loads"], engine), flush=True)
        print(f"  at rest {result['rest_percent_of_a_core']} % of a core; of a request with {CLIENTS[-1]} clients:")
        print(f"  {result['loads'][-1]['parts_ms']}")
        print(f"  MB: {result['memory_mb']} in all {sum(result['memory_mb'].values()):.0f}; bare engine {memory:.0f}")
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
