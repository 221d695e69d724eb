"""What requests cost the processes that answer them, over several windows of time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.clients import Clients
from benchmarks.support.processes import cpu_seconds

Processes = Callable[[], Mapping[int, str]]  # ids of those that are measured, and their kinds


@dataclass(frozen=True)
class Windows:
    """How long to measure: `count` windows of `seconds` each."""

    count: int
    seconds: float


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds a request and requests a second of one number of clients."""

    clients: int
    cpu_ms: float  # median over the windows
    lowest_ms: float
    highest_ms: float
    per_second: float
    parts_ms: dict[str, float]  # by kind of process, the largest first


def cost_of_requests(number: int, clients: Clients, processes: Processes, windows: Windows) -> Cost:
    """What the requests of `number` running clients cost the processes."""
    parts, rates = [], []
    for _ in range(windows.count):
        before, answers, start = cpu_seconds(processes()), clients.answers, time.monotonic()
        time.sleep(windows.seconds)
        used = cpu_seconds(processes())
        requests = max(1, clients.answers - answers)
        rates.append(requests / (time.monotonic() - start))
        spent = {kind: used[kind] - before.get(kind, 0.0) for kind in used}
        parts.append({kind: seconds / requests * 1000 for kind, seconds in spent.items()})
    costs = sorted(sum(part.values()) for part in parts)
    medians = {kind: statistics.median(part.get(kind, 0.0) for part in parts) for kind in parts[-1]}
    return Cost(
        clients=number,
        cpu_ms=statistics.median(costs),
        lowest_ms=costs[0],
        highest_ms=costs[-1],
        per_second=statistics.median(rates),
        parts_ms=_largest_first(medians),
    )


def _largest_first(values: Mapping[str, float]) -> dict[str, float]:
    ordered = sorted(values.items(), key=lambda item: -item[1])
    return {kind: round(value, 2) for kind, value in ordered}


def percent_at_rest(processes: Processes, windows: Windows) -> float:
    """Percent of a core that the processes use while there are no requests."""
    found = []
    for _ in range(windows.count):
        before = sum(cpu_seconds(processes()).values())
        time.sleep(windows.seconds)
        found.append(sum(cpu_seconds(processes()).values()) - before)
    return round(100 * statistics.median(found) / windows.seconds, 1)
