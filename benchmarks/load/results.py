"""What a run of the benchmark has found, and its file. Times are seconds where not named ms."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import UserError


@dataclass(frozen=True)
class Spread:
    """Milliseconds of many requests; percentiles are values that occurred (nearest rank)."""

    p50: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True)
class Group:
    """Requests of one class. Their latency counts from when they were due.

    `ends`: how many ended with each status, or the name of what came instead of an answer.
    `answered`: with 200, however late; `refused`: with 503 or 429; every other end is a fault.
    """

    sent: int
    characters: int
    ends: dict[str, int]
    answered: int
    answered_characters: int
    refused: int
    latency_ms: Spread | None
    refusal_ms: Spread | None
    refusals_with_retry_after: int
    retry_after_s: tuple[float, float] | None  # the least and the most
    refusals_in_json: int

    @property
    def share(self) -> float:
        """How much of what was asked for, in characters, was answered."""
        return self.answered_characters / self.characters


@dataclass(frozen=True)
class Sender:
    """The generator: its share of a core, how late it sent requests, and its connections.

    `first`: the system let it run before other processes, so that these cannot make it late.
    """

    cpu_percent: float
    lag_p95_ms: float
    lag_max_ms: float
    connections: int
    first: bool


@dataclass(frozen=True)
class Processes:
    """The service's processes: CPU ms a request of this run, and MB, by their part in it.

    CPU is all of it, also what the service uses at rest. MB (PSS) are before and after.
    """

    cpu_ms: float
    parts_ms: dict[str, float]
    before_mb: dict[str, float]
    after_mb: dict[str, float]


@dataclass(frozen=True)
class Recovery:
    """Seconds from the end of the arrivals; None: not within the time that is watched."""

    first_s: float | None  # to the first single request that was answered
    normal_s: float | None  # to the first of eight in a row that were as quick as ever


@dataclass(frozen=True)
class Capacity:
    """Answers and their characters a second, by clients that wait for their answers."""

    clients: int
    per_second: float
    characters_per_second: float
    group: Group
    sender: Sender
    processes: Processes | None


@dataclass(frozen=True)
class Run:
    """Arrivals at a constant rate, `load` times the capacity before; of a mix, times half of it.

    `goodput` is what was answered within the window (requests a second, of a mix characters a
    second), beside the mean of the capacities just before and just after.
    """

    name: str
    load: float
    rate: float
    seconds: float
    goodput: float
    groups: dict[str, Group]
    longest_without_answer_s: float
    drain_s: float
    recovery: Recovery
    sender: Sender
    processes: Processes | None


@dataclass(frozen=True)
class Costs:
    """CPU ms under overload of a request that has its translation, and of one that has not."""

    answer_ms: float
    refusal_ms: float


@dataclass(frozen=True)
class Found:
    """Everything, and what it was measured on and with.

    Capacities are those before the first run, between two, and after the last.
    """

    label: str
    machine: dict[str, Any]
    options: dict[str, Any]
    idle_p50_ms: float
    capacities: list[Capacity]
    runs: list[Run]
    costs: Costs | None

    @property
    def capacity(self) -> float:
        """The median capacity, in answers a second."""
        return statistics.median(capacity.per_second for capacity in self.capacities)


FOUND = TypeAdapter(Found)


def write(found: Found, path: Path) -> None:
    """Write everything as JSON."""
    path.write_bytes(FOUND.dump_json(found, indent=1) + b"\n")


def read(path: Path) -> Found:
    """What `write` wrote; raises UserError for another file."""
    try:
        return FOUND.validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a file that --out wrote") from None
    except ValidationError:
        raise UserError(f"{path} is not what --out writes: run it again") from None
