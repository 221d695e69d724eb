"""What benchmarks.overhead prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def show_row(name: str, cells: Sequence[str]) -> None:
    """Print a row of the table."""
    print(f"{name:<22}" + "".join(f"{cell:<37}" for cell in cells), flush=True)


def show_mode(name: str, mode: Mapping[str, Any], engine: Mapping[str, Any]) -> None:
    """Print a mode's row, and below it where its CPU time goes and its memory."""
    cells = []
    for load, base in zip(mode["loads"], engine["loads"], strict=True):
        middle, low, high = (
            load[key] - base["cpu_ms"] for key in ("cpu_ms", "lowest_ms", "highest_ms")
        )
        rest, rate = mode["rest"]["percent"] * 10 / load["per_second"], load["per_second"]
        cells.append(f"{middle:.2f} ({low:.2f} to {high:.2f}), {rest:.2f}, {rate:.0f}/s")
    show_row(name, cells)
    last = mode["loads"][-1]
    print(f"  ms at {last['clients']}: {joined(last['parts_ms'])}")
    print(f"  MB after: {memory(mode['memory_mb'])}", flush=True)


def show_rest(modes: Mapping[str, Mapping[str, Any]]) -> None:
    """Print how each mode starts, and what it uses while nobody asks."""
    print("Seconds from the launch to the first 200; at rest: % of a core, processes, MB by part:")
    for name, mode in modes.items():
        rest = mode["rest"]
        number = sum(map(len, rest["memory_mb"].values()))
        print(f"{name:<22}{mode['first_answer_s']} s; {rest['percent']} %, {number} processes")
        print(f"  MB: {memory(rest['memory_mb'])}")


def memory(by_part: Mapping[str, Sequence[float]]) -> str:
    """MB in all and of each part, and the number of its processes."""
    named = {
        f"{part} × {len(each)}" if len(each) > 1 else part: round(sum(each))
        for part, each in by_part.items()
    }
    return f"{sum(map(sum, by_part.values())):.0f}: {joined(named)}"


def joined(values: Mapping[str, float]) -> str:
    """Names and values by commas."""
    return ", ".join(f"{name} {value}" for name, value in values.items())


def show_engine(engine: Mapping[str, Any]) -> None:
    """Print the bare engine's row."""
    cells = [f"{load['cpu_ms']:.2f}, {load['per_second']:.0f}/s" for load in engine["loads"]]
    show_row(f"bare engine, {engine['memory_mb']} MB", cells)
