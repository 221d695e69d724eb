"""How the service bears load: more requests than it can answer, and what becomes of them.

First the capacity: what it answers to clients that wait for their answers. Then requests arrive at
a constant rate, whatever has become of the earlier ones: a little less than the capacity, and
several times as many; last a mix in which some texts are long. The latency of a request counts from
when it was due. The capacity is measured again between these, as machines change their pace. The
service runs on this machine, and so does the process that sends.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.load.arrivals import read_texts
from benchmarks.load.bounds import missed
from benchmarks.load.measure import Plan, Report, capacity, compared, idle_p50_ms, name_of, open_run
from benchmarks.load.plot import draw
from benchmarks.load.report import WIDTH, show
from benchmarks.load.results import Found, read, write
from benchmarks.load.summary import costs
from benchmarks.support.running import await_first_answer, running
from pipeline.config import DEFAULT_MODEL, resolve
from pipeline.errors import UserError
from quantize.machine import describe

AGAIN_WARM_S = 2.0
KEPT = ("url", "model", "beam", "env", "set", "seconds", "warm", "clients", "seed")
PACKAGES = ("ray", "onnxruntime", "numpy")


class Bench:
    """The measurements that the command's options ask for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.console = Console(stderr=True)

    def found(self) -> Found:
        """Everything, of a service that is started for it or that runs already."""
        options = self.options
        if options.url:
            if not options.url.startswith("http://"):
                raise UserError(f"--url {options.url}: write http://HOST:PORT")
            return self.measure(options.url.rstrip("/"), options.pid)
        environment = dict(pair(text) for text in options.env)
        args = nested(options.set) | {"models": [str(resolve(options.model))]}
        if options.beam:
            args["decoding"] = args.get("decoding", {}) | {"beam_size": options.beam}
        self.console.print("… starting the service", highlight=False)
        with running(environment, args) as service:
            assert service.process is not None
            await_first_answer(service)
            return self.measure(service.url, service.process.pid)

    def measure(self, url: str, root: int | None) -> Found:
        """All runs, one after another."""
        options = self.options
        machine = describe(PACKAGES) | {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
        seconds, warm = options.seconds, options.warm
        plan = Plan(url, root, read_texts(), seconds, warm, options.clients, options.seed)
        with self.step("warming up, capacity") as report:
            capacities = [capacity(plan, plan.warm_s, report)]
        with self.step("single requests") as report:
            idle_ms = idle_p50_ms(plan, report)
        runs = []
        loads = [(load, False) for load in options.loads] + [(load, True) for load in options.mixes]
        for load, mixed in loads:
            before = capacities[-1]
            with self.step(name_of(load, mixed)) as report:
                run = open_run(plan, load, mixed, before, idle_ms, report)
            with self.step("capacity") as report:
                capacities.append(capacity(plan, AGAIN_WARM_S, report))
            runs.append(compared(run, before, capacities[-1]))
        chosen = {name: value for name, value in vars(options).items() if name in KEPT}
        return Found(options.label, machine, chosen, idle_ms, capacities, runs, costs(runs))

    @contextmanager
    def step(self, name: str) -> Iterator[Report]:
        """Shows how far the generator is."""
        columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[ends]}")
        with Progress(*columns, TimeElapsedColumn(), console=self.console) as progress:
            task = progress.add_task(f"… {name}", total=self.options.seconds, ends="")

            def report(passed: float, statuses: Any) -> None:
                ends = ", ".join(f"{count} × {end}" for end, count in sorted(statuses.items()))
                progress.update(task, completed=passed, ends=ends)

            yield report


def pair(text: str) -> tuple[str, str]:
    """KEY=VALUE as both; raises UserError for anything else."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UserError(f"{text}: write KEY=VALUE")
    return key, value


def nested(settings: list[str]) -> dict[str, Any]:
    """Settings such as limits.concurrent=128, nested as in configs/service.yaml."""
    found: dict[str, Any] = {}
    for key, value in map(pair, settings):
        *path, last = key.split(".")
        inner = found
        for name in path:
            inner = inner.setdefault(name, {})
        inner[last] = yaml.safe_load(value)
    return found


def numbers(text: str) -> list[float]:
    """Numbers by commas."""
    return [float(number) for number in text.split(",") if number]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    add, default = parser.add_argument, "(default: %(default)s)"
    add("--url", help="of a service that runs already, instead of one of its own")
    add("--pid", type=int, help="of that service's launcher, for CPU and memory")
    add("--model", default=DEFAULT_MODEL, help=f"a path, or a name under models/ {default}")
    add("--beam", type=int, help="hypotheses kept at each step (default: the model's)")
    add("--env", action="append", default=[], metavar="KEY=VALUE", help="for the service")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="limits.concurrent=128")
    add("--loads", type=numbers, default="0.8,2,5", help=f"times the capacity {default}")
    add("--mixes", type=numbers, default="5", help=f"times half of it, of the mix {default}")
    add("--seconds", type=float, default=20.0, help=f"of each load {default}")
    add("--warm", type=float, default=15.0, help=f"seconds before all, to scale up {default}")
    add("--clients", type=int, default=32, help=f"that find the capacity {default}")
    add("--quick", action="store_true", help="6 seconds of each load, 8 to warm up")
    add("--seed", type=int, default=1, help=f"of what is sent {default}")
    add("--label", default="this state", help=f"of this run, in the picture {default}")
    add("--out", type=Path, metavar="FILE", help="write everything there, as JSON")
    add("--plot", type=Path, metavar="FILE", help="draw it there, .svg or .png")
    add("--beside", type=Path, metavar="FILE", help="another run's --out, drawn at the left")
    add("--show", type=Path, metavar="FILE", help="that run's --out again, instead of a new run")
    add("--check", action="store_true", help="exit status 1 and a line for each missed bound")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measure, write and print what was found; returns the exit status."""
    options = _parser().parse_args(argv)
    if options.quick:
        options.seconds, options.warm = 6.0, 8.0
    try:
        beside = [read(options.beside)] if options.beside else []
        found = read(options.show) if options.show else Bench(options).found()
    except UserError as error:
        print(f"benchmarks.load: {error}", file=sys.stderr)
        return 2
    if options.out:
        write(found, options.out)
    show(found, Console(width=WIDTH))
    if options.plot:
        draw([*beside, found], options.plot)
    lines = missed(found) if options.check else []
    for line in lines:
        print(f"benchmarks.load: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
