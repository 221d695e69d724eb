"""`python -m benchmarks.overhead`: what HTTP and Ray Serve cost a request, beside translating.

The service is started as its users start it, once a mode, with a Ray of its own. Clients send short
sentences one after another over connections that they keep; as many threads ask the bare engine
(`pipeline.translator`) for the same sentences. The overhead is the CPU time of all processes of the
service, a request, less that of the bare engine, a sentence. What the clients use is not counted.
What the service uses at rest is, and is shown by itself, with its memory and its start. Each figure
is the median of several windows, with their range. Beam 1 keeps the model's share, and its noise,
small.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import ray

from benchmarks.clients import Task, running
from benchmarks.support.processes import memory_mb
from benchmarks.support.running import await_first_answer, memory_by_part, parts
from benchmarks.support.running import running as running_service
from benchmarks.support.service import Service
from benchmarks.tables import show_engine, show_mode, show_rest, show_row
from benchmarks.windows import Windows, cost_of_requests, percent_at_rest
from pipeline.config import DEFAULT_MODEL, resolve
from quantize.machine import cpu_name
from quantize.sentences import TEST_SETS


@dataclass(frozen=True)
class Mode:
    """How the service is started: variables of its environment, and settings of its own."""

    environment: Mapping[str, str] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)


MODES = {
    "together": Mode(args={"stages": "together"}),
    "separate": Mode(args={"stages": "separate"}),
    "python-proxy": Mode(environment={"RAY_SERVE_ENABLE_HA_PROXY": "0"}),
}
DEFAULT_MODES = ("together", "separate")
TEXTS = TEST_SETS / "flores-dev.zh"
CLIENTS = (1, 8, 32)
SETTLING_S = 5  # what starting leaves to do


def bare_engine(task: Task, windows: Windows) -> dict[str, Any]:
    """The engine without a service."""
    costs = []
    for number in CLIENTS:
        with running(replace(task, clients=number)) as clients:
            cost = cost_of_requests(number, clients, lambda: {clients.pid: "engine"}, windows)
            costs.append(asdict(cost))
            memory = memory_mb(clients.pid)
    return {"loads": costs, "memory_mb": round(memory)}


def served(task: Task, windows: Windows, mode: Mode, batches: bool) -> dict[str, Any]:
    """The service in one mode: its start, what it uses at rest, its requests, and its memory."""
    args = {"models": [task.model], "decoding": {"beam_size": task.beam}, **mode.args}
    if not batches:
        args["micro_batches"] = {"characters": 0, "tokens": 0}
    with running_service(mode.environment, args) as service:
        first_answer_s = await_first_answer(service)
        measured = measure_service(service, task, windows)
    return {**asdict(mode), "first_answer_s": round(first_answer_s, 1), **measured}


def measure_service(service: Service, task: Task, windows: Windows) -> dict[str, Any]:
    """The running service's figures."""
    assert service.process is not None
    root = service.process.pid

    processes = partial(parts, root)
    time.sleep(SETTLING_S)
    rest = {
        "percent": percent_at_rest(processes, windows),
        "memory_mb": memory_by_part(parts(root)),
    }
    costs = []
    for number in CLIENTS:
        with running(replace(task, url=service.url, clients=number)) as clients:
            costs.append(asdict(cost_of_requests(number, clients, processes, windows)))
    return {"rest": rest, "loads": costs, "memory_mb": memory_by_part(parts(root))}


def known_modes(text: str) -> list[str]:
    """Names of modes by commas."""
    if unknown := set(text.split(",")) - MODES.keys():
        raise argparse.ArgumentTypeError(f"no mode {', '.join(unknown)}")
    return text.split(",")


def parser() -> argparse.ArgumentParser:
    """The command's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument(
        "--modes",
        type=known_modes,
        default=",".join(DEFAULT_MODES),
        help=f"by commas, of {', '.join(MODES)} (default: %(default)s)",
    )
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
    for mode in arguments.modes:
        added = dict(pair.split("=", 1) for pair in arguments.env)
        started = replace(MODES[mode], environment={**MODES[mode].environment, **added})
        for batches in (True, False) if arguments.apart else (True,):
            name = mode if batches else f"{mode}, apart"
            modes[name] = served(task, windows, started, batches)
            show_mode(name, modes[name], engine)
    show_rest(modes)
    if arguments.out:
        found = machine | {"engine": engine, "modes": modes}
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
