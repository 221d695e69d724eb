"""Tables of what was found."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.table import Table

from benchmarks.load.results import Capacity, Found, Group, Run, Sender, Spread
from benchmarks.load.summary import ANSWERED, REFUSALS

WIDTH = 150
STEADY = 1.25  # the largest capacity by the smallest, at most


def show(found: Found, console: Console) -> None:
    """Print everything."""
    for part in (heading(found), requests(found), afterwards(found), processes(found)):
        console.print(part, highlight=False)


def heading(found: Found) -> RenderableType:
    """What was measured on what, and the capacity."""
    machine = found.machine
    versions = ", ".join(f"{name} {value}" for name, value in machine["versions"].items())
    rates = ", ".join(f"{capacity.per_second:.1f}" for capacity in found.capacities)
    slowest, quickest = (pick(c.per_second for c in found.capacities) for pick in (min, max))
    lines = [
        f"{found.label}: {machine['cpu']}, {machine['cores']} cores, load {machine['load']}",
        versions,
        f"capacity {rates}/s with {found.capacities[0].clients} clients; "
        f"a single request takes {found.idle_p50_ms:.0f} ms (p50)",
    ]
    if quickest > STEADY * slowest:
        lines.append("The capacity was not steady: something else uses this machine.")
    return "\n".join(lines)


def requests(found: Found) -> Table:
    """How requests ended, and after how long."""
    table = Table(title="Requests; milliseconds from when each was due")
    for name in ("load", "a second", "texts", "goodput"):
        table.add_column(name, no_wrap=True)
    for name in ("sent", "answered", "refused", "other ends", "p50/p95/p99/max answered"):
        table.add_column(name, justify="right")
    table.add_column("p50/p95/max refused", justify="right")
    table.add_column("Retry-After", justify="right")
    for run in found.runs:
        first = [run.name, f"{run.rate:.1f}", f"{run.goodput:.2f}"]
        for kind, group in run.groups.items():
            table.add_row(*first[:2], kind, first[2], *ends(group))
            first = ["", "", ""]
    return table


def ends(group: Group) -> list[str]:
    """A class's cells."""
    others = [f"{n} × {end}" for end, n in group.ends.items() if end not in (ANSWERED, *REFUSALS)]
    answered = times(group.latency_ms, ("p50", "p95", "p99", "max"))
    cells = [str(group.sent), f"{group.answered} ({group.share:.0%})", str(group.refused)]
    cells += [", ".join(others) or "0", answered, times(group.refusal_ms, ("p50", "p95", "max"))]
    return [*cells, promises(group)]


def times(spread: Spread | None, names: Iterable[str]) -> str:
    """Some of the percentiles."""
    return "" if spread is None else "/".join(f"{getattr(spread, name):.0f}" for name in names)


def promises(group: Group) -> str:
    """How many refusals say when to come again, with what, and how many are not JSON."""
    if not group.refused:
        return ""
    low, high = group.retry_after_s or (0, 0)
    seconds = f"{low:g} s" if low == high else f"{low:g}–{high:g} s"
    all_of_them = group.refusals_with_retry_after == group.refused
    shown = seconds if all_of_them else f"{group.refusals_with_retry_after} of {group.refused}"
    others = group.refused - group.refusals_in_json
    return f"{shown}, {others} not JSON" if others else shown


def afterwards(found: Found) -> Table:
    """Silence, recovery, and whether the generator can be trusted."""
    table = Table(title="Seconds without an answer, after the last arrival, and the generator")
    names = ("load", "longest without an answer", "drained", "first 200", "as quick as before")
    for name in (*names, "generator's CPU", "its lag p95/max", "connections"):
        table.add_column(name, justify="left" if name == "load" else "right")
    for run in found.runs:
        cells = [f"{run.longest_without_answer_s:.1f}", f"{run.drain_s:.1f}"]
        cells += [moment(run.recovery.first_s), moment(run.recovery.normal_s)]
        table.add_row(run.name, *cells, *trust(run.sender))
    return table


def moment(seconds: float | None) -> str:
    """Seconds, if there are any."""
    return "never" if seconds is None else f"{seconds:.1f}"


def trust(sender: Sender) -> list[str]:
    """The generator's own figures."""
    lag = f"{sender.lag_p95_ms:.0f}/{sender.lag_max_ms:.0f} ms"
    return [
        f"{sender.cpu_percent:.0f} %{'' if sender.first else ', not first'}",
        lag,
        str(sender.connections),
    ]


def processes(found: Found) -> RenderableType:
    """CPU a request, and memory, by part of the service."""
    if found.capacities[0].processes is None:
        return "The service's processes are not known (--pid), so neither are CPU and memory."
    title = "CPU ms a request, answered or refused; memory (PSS)"
    if known := found.costs:
        title += f"; under overload about {known.answer_ms:.0f} ms an answer"
        title += f", {known.refusal_ms:.1f} ms a refusal"
    table = Table(title=title)
    for name in ("load", "CPU ms", "by part", "MB after (before)"):
        table.add_column(name)
    steps: list[tuple[str, Capacity | Run]] = [("capacity", found.capacities[0])]
    steps += [(run.name, run) for run in found.runs]
    for name, step in steps:
        used = step.processes
        assert used is not None
        by_part = ", ".join(f"{part} {ms:.1f}" for part, ms in used.parts_ms.items() if ms >= 0.05)
        memory = ", ".join(
            f"{part} {mb:.0f} ({used.before_mb.get(part, 0):.0f})"
            for part, mb in used.after_mb.items()
        )
        table.add_row(name, f"{used.cpu_ms:.1f}", by_part, memory)
    return table
