"""Lets the generator do one job after another, and looks at the service's processes meanwhile."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.load import summary
from benchmarks.load.arrivals import LONG_SHARE, SHORT, Arrival, Texts, schedule
from benchmarks.load.meter import Meter
from benchmarks.load.results import Capacity, Recovery, Run, Sender
from benchmarks.load.summary import Outcome, percentile
from benchmarks.support.service import ROOT

PATIENCE_S = 60.0  # after which a request counts as not answered; the service's own limit is 30
RECOVERY_S = 30.0  # for which the service is watched after the arrivals
QUICK_AGAIN = 3  # times the idle median, at most
IDLE_REQUESTS = 16
CAPACITY_S = 10.0  # at most

Report = Callable[[float, Mapping[str, int]], None]  # seconds passed, and ends by status


@dataclass(frozen=True)
class Plan:
    """What all runs share; `root`: the launcher's process, None if it is not known."""

    url: str
    root: int | None
    texts: Texts
    seconds: float
    warm_s: float
    clients: int
    seed: int


def do(job: Mapping[str, Any], mark: Callable[[str], None], report: Report) -> dict[str, Any]:
    """Have a process of its own do a job, and return its result."""
    command = [sys.executable, "-m", "benchmarks.load.generator"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            json.dump(job, process.stdin)
            process.stdin.close()
            for line in process.stdout:
                said = json.loads(line)
                if said["event"] == "result":
                    return dict(said)
                if said["event"] == "progress":
                    report(said["passed"], said["statuses"])
                else:
                    mark(said["event"])
        finally:
            process.kill()
    raise SystemExit("benchmarks.load.generator failed (above)")


def base_job(plan: Plan, kind: str, texts: Sequence[str]) -> dict[str, Any]:
    """What every job says."""
    job = {"kind": kind, "url": plan.url, "texts": texts, "patience_s": PATIENCE_S}
    return job | {"seconds": plan.seconds, "probe": plan.texts.probe}


def idle_p50_ms(plan: Plan, report: Report) -> float:
    """The median latency of single requests while there are no others."""
    job = base_job(plan, "probe", []) | {"count": IDLE_REQUESTS}
    latencies = do(job, Meter(None).mark, report)["latencies_s"]
    if not latencies:
        raise SystemExit("benchmarks.load: the service does not answer a single request")
    return round(percentile(latencies, 0.5) * 1000, 1)


def capacity(plan: Plan, warm_s: float, report: Report) -> Capacity:
    """What the service answers to clients that wait for their answers."""
    texts, seconds = plan.texts.short, min(plan.seconds, CAPACITY_S)
    order = list(range(len(texts)))
    random.Random(plan.seed).shuffle(order)
    meter = Meter(plan.root)
    job = base_job(plan, "closed", texts)
    job |= {"order": order, "clients": plan.clients, "warm_s": warm_s, "seconds": seconds}
    found = do(job, meter.mark, report)
    outcomes = [
        Outcome(SHORT, len(texts[text]), sent, sent, *rest) for text, sent, *rest in found["rows"]
    ]
    per_second, characters = summary.rates(outcomes, seconds)
    if not per_second:
        raise SystemExit("benchmarks.load: the service answered no request of the closed loop")
    return Capacity(
        clients=plan.clients,
        per_second=round(per_second, 2),
        characters_per_second=round(characters, 1),
        group=summary.group(outcomes),
        sender=sender(found, []),
        processes=meter.per_request(len(outcomes)),
    )


def open_run(
    plan: Plan, load: float, mixed: bool, before: Capacity, idle_ms: float, report: Report
) -> Run:
    """Arrivals at `load` times the capacity before; of a mix with long texts, times half of it."""
    rate = load * before.per_second * (0.5 if mixed else 1)
    seed = plan.seed + round(10 * load) + mixed
    arrivals = schedule(plan.texts, rate, plan.seconds, seed, LONG_SHARE if mixed else 0)
    numbers = {text: n for n, text in enumerate(dict.fromkeys(a.text for a in arrivals))}
    meter = Meter(plan.root)
    job = base_job(plan, "open", list(numbers))
    job["arrivals"] = [(arrival.due, numbers[arrival.text]) for arrival in arrivals]
    job |= {"normal_s": idle_ms * QUICK_AGAIN / 1000, "recovery_s": RECOVERY_S}
    found = do(job, meter.mark, report)
    outcomes = outcomes_of(arrivals, found["rows"])
    per_second, characters = summary.rates(outcomes, plan.seconds)
    reached = characters / before.characters_per_second if mixed else per_second / before.per_second
    return Run(
        name=name_of(load, mixed),
        load=load,
        rate=round(rate, 2),
        seconds=plan.seconds,
        goodput=round(reached, 3),
        groups=summary.groups(outcomes),
        longest_without_answer_s=round(summary.longest_without_answer(outcomes, plan.seconds), 2),
        drain_s=round(found["drain_s"], 2),
        recovery=Recovery(**found["recovery"]),
        sender=sender(found, outcomes),
        processes=meter.per_request(len(outcomes)),
    )


def name_of(load: float, mixed: bool) -> str:
    """A load's, in tables."""
    return f"{load:g}× of half, mix" if mixed else f"{load:g}×"


def compared(run: Run, before: Capacity, after: Capacity) -> Run:
    """The run, its goodput beside the mean of both capacities instead of the one before."""
    if len(run.groups) > 1:
        known, again = before.characters_per_second, after.characters_per_second
    else:
        known, again = before.per_second, after.per_second
    return replace(run, goodput=round(run.goodput * known / ((known + again) / 2), 3))


def outcomes_of(arrivals: Sequence[Arrival], rows: Sequence[Sequence[Any]]) -> list[Outcome]:
    """The generator's rows with what was asked for."""
    found = []
    for index, *rest in rows:
        arrival = arrivals[index]
        found.append(Outcome(arrival.kind, len(arrival.text), arrival.due, *rest))
    return found


def sender(found: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Sender:
    """The generator's own figures; in a closed loop nothing is due."""
    late = [(outcome.sent - outcome.due) * 1000 for outcome in outcomes] or [0.0]
    return Sender(
        cpu_percent=round(100 * found["cpu_share"], 1),
        lag_p95_ms=round(percentile(late, 0.95), 1),
        lag_max_ms=round(max(late), 1),
        connections=found["connections"],
        first=found["first"],
    )
