"""What must hold under load, for `--check`."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.load.arrivals import LONG, SHORT
from benchmarks.load.results import Found, Run
from benchmarks.load.summary import ANSWERED

GOODPUT = 0.9  # of the capacity, at twice the capacity and more
REFUSAL_P95_MS = 50
RECOVERY_S = 5
LONG_SHARE = 0.25  # as the engine's time for documents makes of them (pipeline/decode/turns.py)
ALLOWED = {ANSWERED, "503"}


def missed(found: Found) -> list[str]:
    """One line for each bound that does not hold."""
    lines = []
    for run in found.runs:
        own = (*goodput(run), *ends(run), *refusals(run), *recovery(run), *fairness(run))
        lines += [f"{run.name}: {line}" for line in own]
    return lines


def goodput(run: Run) -> Iterator[str]:
    """Overload does not eat the capacity."""
    if LONG not in run.groups and run.load > 1 and run.goodput < GOODPUT:
        yield f"goodput {run.goodput:.2f} of the capacity, less than {GOODPUT}"


def ends(run: Run) -> Iterator[str]:
    """Every request ends with its translation or 503."""
    for kind, group in run.groups.items():
        faults = [f"{n} × {end}" for end, n in group.ends.items() if end not in ALLOWED]
        if faults:
            yield f"other ends than 200 and 503 ({kind}): {', '.join(faults)}"


def refusals(run: Run) -> Iterator[str]:
    """Who is refused learns it at once."""
    for kind, group in run.groups.items():
        if group.refusal_ms and group.refusal_ms.p95 >= REFUSAL_P95_MS:
            value = group.refusal_ms.p95
            yield f"p95 of refusals ({kind}) {value:.0f} ms, not below {REFUSAL_P95_MS}"


def recovery(run: Run) -> Iterator[str]:
    """Soon after a burst the service is as quick as before."""
    seconds = run.recovery.normal_s
    if seconds is None or seconds > RECOVERY_S:
        after = "never while watched" if seconds is None else f"after {seconds:.1f} s"
        yield f"as quick as before {after}, not within {RECOVERY_S} s"


def fairness(run: Run) -> Iterator[str]:
    """Of the characters that are translated, a fair part is of long texts.

    More are asked for than could be, and with 5 % of 2,000 characters nine tenths of these are
    theirs. So their requests are refused more often.
    """
    if {SHORT, LONG} <= run.groups.keys():
        long, short = (run.groups[kind].answered_characters for kind in (LONG, SHORT))
        if long < LONG_SHARE * (long + short):
            yield (
                f"{long} of {long + short} characters answered are of long texts, "
                f"less than {LONG_SHARE}"
            )
