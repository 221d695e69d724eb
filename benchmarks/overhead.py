"""`python -m benchmarks.overhead`: what HTTP and Ray Serve cost a request, beside translating.

The service is started as its users start it, once a mode, with a Ray of its own. Clients send short
sentences one after another over connections that they keep; as many threads ask the bare engine
(`pipeline.translator`) for the same sentences. The overhead is the CPU time of all processes of the
service, a request, less that of the bare engine, a sentence. What the clients use is not counted.
What the service uses at rest is, and is shown by itself. Each figure is the median of several
windows, with their range. Beam 1 keeps the model's share, and its noise, small.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import ray

from benchmarks.clients import Task, running
from benchmarks.support.processes import command, descendants, memory_mb
from benchmarks.support.service import Service
from benchmarks.windows import Windows, cost_of_requests, percent_at_rest
from pipeline.config import DEFAULT_MODEL, resolve
from quantize.machine import cpu_name
from quantize.sentences import TEST_SETS

MODES: dict[str, dict[str, str]] = {
    "default": {},  # configs/serve.env as it is
    "plain": {"RAY_SERVE_THROUGHPUT_OPTIMIZED": "0"},
    "python": {"RAY_SERVE_ENABLE_HA_PROXY": "0"},  # Ray's own proxy
}
ACTORS = {
    "ProxyActor": "proxy",
    "FrontDoor": "proxy",
    "ServeController": "controller",
}
TEXTS = TEST_SETS / "flores-dev.zh"
CLIENTS = (1, 8, 32)
SETTLING_S = 5  # what starting leaves to do


def kind(pid: int) -> str:
    """A process of the service by its part in it."""
    words = command(pid)
    if replica := re.match(r"ray::ServeReplica:csanmt:([a-z]+)", words):
        return replica[1]
    if actor := re.match(r"ray::(\w+)", words):
        return ACTORS.get(actor[1], "Ray")
    return "proxy" if "haproxy" in words.split(" ")[0] else "Ray"


def bare_engine(task: Task, windows: Windows) -> dict[str, Any]:
    """The engine without a service."""
    costs = []
    for number in CLIENTS:
        with running(replace(task, clients=number)) as clients:
            cost = cost_of_requests(number, clients, lambda: {clients.pid: "engine"}, windows)
            costs.append(asdict(cost))
            memory = memory_mb(clients.pid)
    return {"loads": costs, "memory_mb": round(memory)}


def served(
    task: Task, windows: Windows, environment: Mapping[str, str], batches: bool
) -> dict[str, Any]:
    """The service in one mode: its requests, what it uses at rest, and its memory."""
    folder = Path(tempfile.mkdtemp(prefix="cs", dir="/tmp"))  # sockets need a short path
    args: dict[str, Any] = {"models": [task.model], "decoding": {"beam_size": task.beam}}
    if not batches:
        args["micro_batches"] = {"characters": 0, "tokens": 0}
    service = Service(folder, environment=environment, **args)
    try:
        service.start()
        measured = measure_service(service, task, windows)
    finally:
        status = service.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if status:
        raise SystemExit(f"benchmarks.overhead: the service ended with status {status}")
    return {"environment": dict(environment), **measured}


def measure_service(service: Service, task: Task, windows: Windows) -> dict[str, Any]:
    """The running service's figures."""
    assert service.process is not None
    root = service.process.pid

    def processes() -> dict[int, str]:
        return {pid: kind(pid) for pid in (root, *descendants(root))}

    time.sleep(SETTLING_S)
    rest, costs = percent_at_rest(processes, windows), []
    for number in CLIENTS:
        with running(replace(task, url=service.url, clients=number)) as clients:
            costs.append(asdict(cost_of_requests(number, clients, processes, windows)))
    memory: dict[str, list[float]] = {}
    for pid, name in processes().items():
        memory.setdefault(name, []).append(round(memory_mb(pid)))
    return {"rest_percent": rest, "loads": costs, "memory_mb": memory}


def show_row(name: str, cells: Sequence[str]) -> None:
    """Print a row of the table."""
    print(f"{name:<22}" + "".join(f"{cell:<34}" for cell in cells), flush=True)


def show_mode(name: str, mode: Mapping[str, Any], engine: Mapping[str, Any]) -> None:
    """Print a mode's row, and below it what it uses at rest and its memory."""
    cells = []
    for load, base in zip(mode["loads"], engine["loads"], strict=True):
        middle, low, high = (
            load[key] - base["cpu_ms"] for key in ("cpu_ms", "lowest_ms", "highest_ms")
        )
        rest, rate = mode["rest_percent"] * 10 / load["per_second"], load["per_second"]
        cells.append(f"{middle:.2f} ({low:.2f} to {high:.2f}), {rest:.2f}, {rate:.0f}/s")
    show_row(name, cells)
    memory, parts = mode["memory_mb"], mode["loads"][-1]["parts_ms"]
    total = sum(map(sum, memory.values()))
    print(f"  at rest {mode['rest_percent']} % of a core; {parts} ms at {CLIENTS[-1]}")
    print(f"  MB: translate {memory['translate']}, all processes {total:.0f}", flush=True)


def show_engine(engine: Mapping[str, Any]) -> None:
    """Print the bare engine's row."""
    cells = [f"{load['cpu_ms']:.2f}, {load['per_second']:.0f}/s" for load in engine["loads"]]
    show_row("bare engine", cells)
    print(f"  MB: {engine['memory_mb']}")


def parser() -> argparse.ArgumentParser:
    """The command's."""
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
    return parser


def main() -> int:
    """Measure the bare engine and every mode, and print a table."""
    arguments = parser().parse_args()
    windows = Windows(3, 2.0) if arguments.quick else Windows(arguments.windows, arguments.seconds)
    lines = TEXTS.read_text(encoding="utf-8").splitlines()
    texts = [line for line in lines if len(line) <= arguments.longest]
    task = Task("", str(resolve(arguments.model)), arguments.beam, texts, 1)
    machine = {"cpu": cpu_name(), "cores": os.cpu_count(), "ray": ray.__version__}
    machine |= {"python": platform.python_version(), "texts": len(texts)}
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print("CPU ms a request, median (lowest to highest), of which at rest, and requests a second:")
    show_row("", [f"{number} clients" for number in CLIENTS])
    engine, modes = bare_engine(task, windows), {}
    show_engine(engine)
    for mode in arguments.modes.split(","):
        environment = MODES[mode] | dict(pair.split("=", 1) for pair in arguments.env)
        for batches in (True, False) if arguments.apart else (True,):
            name = mode if batches else f"{mode}, apart"
            modes[name] = served(task, windows, environment, batches)
            show_mode(name, modes[name], engine)
    if arguments.out:
        found = machine | {"engine": engine, "modes": modes}
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
