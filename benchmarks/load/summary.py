"""Figures of recorded requests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benchmarks.load.results import Costs, Group, Run, Spread

ANSWERED = "200"
REFUSALS = ("503", "429")


@dataclass(frozen=True)
class Outcome:
    """How a request ended; times are seconds from the beginning."""

    kind: str
    characters: int
    due: float
    sent: float
    ended: float
    status: str
    retry_after: str | None = None
    is_json: bool = True

    @property
    def answered(self) -> bool:
        """Whether it has its translation."""
        return self.status == ANSWERED

    @property
    def refused(self) -> bool:
        """Whether the service said: not now."""
        return self.status in REFUSALS


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(outcomes: Sequence[Outcome]) -> Spread | None:
    """Their latencies from when they were due, in ms; None of none."""
    if not outcomes:
        return None
    times = sorted((outcome.ended - outcome.due) * 1000 for outcome in outcomes)
    found = (round(percentile(times, share), 1) for share in (0.5, 0.95, 0.99, 1.0))
    return Spread(*found)


def group(outcomes: Sequence[Outcome]) -> Group:
    """The figures of requests of one class."""
    answered = [outcome for outcome in outcomes if outcome.answered]
    refused = [outcome for outcome in outcomes if outcome.refused]
    waits = [o.retry_after for o in refused if o.retry_after is not None]
    seconds = [float(wait) for wait in waits if wait.isdigit()]
    return Group(
        sent=len(outcomes),
        characters=sum(outcome.characters for outcome in outcomes),
        ends=dict(sorted(Counter(outcome.status for outcome in outcomes).items())),
        answered=len(answered),
        answered_characters=sum(outcome.characters for outcome in answered),
        refused=len(refused),
        latency_ms=spread(answered),
        refusal_ms=spread(refused),
        refusals_with_retry_after=len(waits),
        retry_after_s=(min(seconds), max(seconds)) if seconds else None,
        refusals_in_json=sum(outcome.is_json for outcome in refused),
    )


def groups(outcomes: Sequence[Outcome]) -> dict[str, Group]:
    """The figures of each class."""
    kinds = dict.fromkeys(outcome.kind for outcome in outcomes)
    return {kind: group([o for o in outcomes if o.kind == kind]) for kind in kinds}


def within(outcomes: Iterable[Outcome], seconds: float) -> list[Outcome]:
    """Those that were answered before the window ended."""
    return [outcome for outcome in outcomes if outcome.answered and outcome.ended <= seconds]


def rates(outcomes: Iterable[Outcome], seconds: float) -> tuple[float, float]:
    """Answers a second within the window, and their characters a second."""
    answered = within(outcomes, seconds)
    return len(answered) / seconds, sum(o.characters for o in answered) / seconds


def longest_without_answer(outcomes: Iterable[Outcome], seconds: float) -> float:
    """The longest time within the window in which no request had its translation."""
    times = sorted(outcome.ended for outcome in within(outcomes, seconds))
    return max(later - earlier for earlier, later in pairwise([0.0, *times, seconds]))


def costs(runs: Sequence[Run]) -> Costs | None:
    """What an answer and a refusal cost, by all runs in which short texts were too many.

    Their counts differ from run to run, so the CPU time of the runs tells the two costs apart (by
    least squares; it has what is used at rest). None where it does not.
    """
    counts, used_ms = [], []
    for run in runs:
        if list(run.groups) == ["short"] and run.load > 1 and run.processes is not None:
            found = run.groups["short"]
            counts.append((found.answered, found.sent - found.answered))
            used_ms.append(run.processes.cpu_ms * found.sent)
    if len(counts) < 2 or np.linalg.matrix_rank(counts) < 2:
        return None
    answer, refusal = np.linalg.lstsq(np.array(counts), np.array(used_ms))[0]
    return Costs(round(float(answer), 2), round(float(refusal), 2))
