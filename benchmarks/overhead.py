"""`python -m benchmarks.overhead`: what HTTP and Ray Serve cost a request, beside the translation
itself.

The service is started as its users start it, once a mode, with a Ray of its own. Clients send short
sentences one after another over connections that they keep; as many threads ask the bare engine
(`pipeline.translator`) for the same sentences. The overhead is the CPU time of all processes of the
service, a request, less that of the bare engine, a sentence. What the clients use is not counted;
what the service uses at rest is, and is told apart. Each figure is the median of several windows,
with their range. Beam 1 keeps the model's share, and its noise, small.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import ray

from benchmarks.clients import Clients, Task, running
from benchmarks.support.processes import cpu_seconds, memory_mb
from benchmarks.support.service import Service, command, descendants, free_port
from pipeline.config import DEFAULT_MODEL, ROOT, resolve
from quantize.judge.report import cpu_name

MODES: dict[str, dict[str, str]] = {
    "default": {},  # configs/serve.env as it is
    "plain": {"RAY_SERVE_THROUGHPUT_OPTIMIZED": "0"},
    "throughput": {"RAY_SERVE_ENABLE_HA_PROXY": "1"},
}
TEXTS = ROOT / "quantize" / "testsets" / "flores-dev.zh"
CLIENTS = (1, 8, 32)
Processes = Callable[
    [], Mapping[int, str]
]  # ids of those that are measured, and of what kind each is


@dataclass(frozen=True)
class Windows:
    """How long to measure: so many windows of so many seconds."""

    count: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """Of one number of clients: CPU milliseconds a request and requests a second, over the windows."""

    clients: int
    cpu_ms: float  # the median
    lowest_ms: float
    highest_ms: float
    per_second: float
    parts_ms: dict[str, float]  # by kind of process


def measure(number: int, clients: Clients, processes: Processes, windows: Windows) -> Measured:
    parts, rates = [], []
    for _ in range(windows.count):
        before, answers, start = cpu_seconds(processes()), clients.answers, time.monotonic()
        time.sleep(windows.seconds)
        used = cpu_seconds(processes())
        requests = max(1, clients.answers - answers)
        rates.append(requests / (time.monotonic() - start))
        parts.append(
            {kind: (used[kind] - before.get(kind, 0.0)) / requests * 1000 for kind in used}
        )
    costs = sorted(sum(part.values()) for part in parts)
    middle = {kind: statistics.median(part.get(kind, 0.0) for part in parts) for kind in parts[-1]}
    return Measured(
        number,
        statistics.median(costs),
        costs[0],
        costs[-1],
        statistics.median(rates),
        largest_first(middle),
    )


def largest_first(values: Mapping[str, float]) -> dict[str, float]:
    return {
        kind: round(value, 2) for kind, value in sorted(values.items(), key=lambda item: -item[1])
    }


def at_rest(processes: Processes, windows: Windows) -> float:
    """Percent of a core that the processes use when nobody asks."""
    found = []
    for _ in range(windows.count):
        before = sum(cpu_seconds(processes()).values())
        time.sleep(windows.seconds)
        found.append(sum(cpu_seconds(processes()).values()) - before)
    return round(100 * statistics.median(found) / windows.seconds, 1)


def kind(pid: int) -> str:
    """A process of the service by its part in it."""
    words = command(pid)
    if replica := re.match(r"ray::ServeReplica:csanmt:([a-z]+)", words):
        return replica[1]
    if actor := re.match(r"ray::(\w+)", words):
        return {
            "ProxyActor": "proxy",
            "HAProxyManager": "proxy",
            "ServeController": "controller",
        }.get(actor[1], "Ray")
    return "proxy" if "haproxy" in words.split(" ")[0] else "Ray"


def bare(task: Task, windows: Windows) -> dict[str, Any]:
    """The engine without a service."""
    found = []
    for number in CLIENTS:
        with running(replace(task, clients=number)) as clients:
            found.append(asdict(measure(number, clients, lambda: {clients.pid: "engine"}, windows)))
            memory = memory_mb(clients.pid)
    return {"loads": found, "memory_mb": round(memory)}


def served(
    task: Task, windows: Windows, environment: Mapping[str, str], batches: bool
) -> dict[str, Any]:
    """The service in one mode: its requests, what it uses at rest, and its memory."""
    folder = Path(tempfile.mkdtemp(prefix="cs", dir="/tmp"))  # sockets need a short path
    ports = {f"RAY_SERVE_HAPROXY_{name}_PORT": str(free_port()) for name in ("METRICS", "STATS")}
    args: dict[str, Any] = {"models": [task.model], "decoding": {"beam_size": task.beam}}
    if not batches:
        args["micro_batches"] = {"characters": 0, "tokens": 0}
    service = Service(folder, environment={**ports, **environment}, **args)
    try:
        service.start()
        assert service.process is not None
        root = service.process.pid

        def processes() -> dict[int, str]:
            return {pid: kind(pid) for pid in (root, *descendants(root))}

        time.sleep(5)  # what starting leaves to do
        rest = at_rest(processes, windows)
        found = []
        for number in CLIENTS:
            with running(replace(task, url=service.url, clients=number)) as clients:
                found.append(asdict(measure(number, clients, processes, windows)))
        memory: dict[str, list[float]] = {}
        for pid, name in processes().items():
            memory.setdefault(name, []).append(round(memory_mb(pid)))
    finally:
        status = service.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if status:
        raise SystemExit(f"benchmarks.overhead: the service ended with status {status}")
    return {
        "environment": dict(environment),
        "rest_percent": rest,
        "loads": found,
        "memory_mb": memory,
    }


def show(name: str, cells: Sequence[str]) -> None:
    print(f"{name:<22}" + "".join(f"{cell:<32}" for cell in cells), flush=True)


def show_mode(name: str, result: Mapping[str, Any], engine: Mapping[str, Any]) -> None:
    cells = []
    for item, base in zip(result["loads"], engine["loads"], strict=True):
        middle, low, high = (
            item[key] - base["cpu_ms"] for key in ("cpu_ms", "lowest_ms", "highest_ms")
        )
        rest = result["rest_percent"] * 10 / item["per_second"]
        cells.append(
            f"{middle:.2f} ({low:.2f} to {high:.2f}), {rest:.2f}, {item['per_second']:.0f}/s"
        )
    show(name, cells)
    memory = result["memory_mb"]
    print(
        f"  at rest {result['rest_percent']} % of a core; {result['loads'][-1]['parts_ms']} ms at {CLIENTS[-1]}"
    )
    print(
        f"  MB: translate {memory['translate']}, all processes {sum(map(sum, memory.values())):.0f}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--modes", default=",".join(MODES), help="by commas (default: %(default)s)")
    parser.add_argument(
        "--env", action="append", default=[], metavar="KEY=VALUE", help="set in every mode as well"
    )
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument(
        "--longest", type=int, default=24, help="characters of a sentence (default: %(default)s)"
    )
    parser.add_argument("--windows", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0, help="of a window")
    parser.add_argument("--quick", action="store_true", help="three windows of two seconds")
    parser.add_argument(
        "--apart", action="store_true", help="every mode also without micro-batches"
    )
    parser.add_argument("--out", type=Path, help="also write everything as JSON")
    arguments = parser.parse_args()
    windows = Windows(3, 2.0) if arguments.quick else Windows(arguments.windows, arguments.seconds)
    texts = [
        line
        for line in TEXTS.read_text(encoding="utf-8").splitlines()
        if len(line) <= arguments.longest
    ]
    task = Task("", str(resolve(arguments.model)), arguments.beam, texts, 1)
    found: dict[str, Any] = {"cpu": cpu_name(), "cores": os.cpu_count(), "ray": ray.__version__}
    found |= {
        "python": platform.python_version(),
        "texts": len(texts),
        "engine": bare(task, windows),
        "modes": {},
    }
    print(
        f"{found['cpu']}, {found['cores']} cores, Python {found['python']}, Ray {found['ray']}; {len(texts)} texts"
    )
    print("CPU ms a request, median (lowest to highest), of which at rest, and requests a second:")
    show("", [f"{number} clients" for number in CLIENTS])
    show(
        "bare engine",
        [f"{item['cpu_ms']:.2f}, {item['per_second']:.0f}/s" for item in found["engine"]["loads"]],
    )
    print(f"  MB: {found['engine']['memory_mb']}")
    for mode in arguments.modes.split(","):
        environment = MODES[mode] | dict(pair.split("=", 1) for pair in arguments.env)
        for batches in (True, False) if arguments.apart else (True,):
            name = mode if batches else f"{mode}, apart"
            found["modes"][name] = served(task, windows, environment, batches)
            show_mode(name, found["modes"][name], found["engine"])
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
