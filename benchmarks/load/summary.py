"""Figures of recorded requests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.load.results import Group, Run, Spread

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


def refusal_cost_ms(runs: Sequence[Run], answer_cpu_ms: float) -> float | None:
    """CPU ms a refusal: what a run with more of them used beyond one with fewer.

    Of the runs of short texts, those with the fewest and the most refusals are compared; where one
    has more answers, each counts as `answer_cpu_ms`. None where no two differ.
    """
    alike = [(run.groups["short"], run.processes) for run in runs if list(run.groups) == ["short"]]
    known = [
        (group.refused, group.answered, used.cpu_ms * group.sent)
        for group, used in alike
        if used is not None and group.refused
    ]
    if not known or min(known)[0] == max(known)[0]:
        return None
    (few, answers, cpu_ms), (many, more_answers, more_cpu_ms) = min(known), max(known)
    more = more_cpu_ms - cpu_ms - (more_answers - answers) * answer_cpu_ms
    return round(more / (many - few), 2)
