"""What `--check` holds the service to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.load.bounds import missed
from benchmarks.load.results import Found, Run


def test_nothing_is_missed_where_all_is_well(
    make_run: Callable[..., Run], make_found: Callable[..., Found]
) -> None:
    mix = make_run(5.0, 0.5, {"200": 50, "503": 50}, {"200": 3, "503": 9})
    assert missed(make_found(make_run(0.8, 0.8), make_run(2.0), make_run(5.0), mix)) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"goodput": 0.89}, "2×: goodput 0.89 of the capacity"),
        ({"short": {"200": 9, "408": 2}}, "2×: other ends than 200 and 503 (short): 2 × 408"),
        ({"short": {"200": 9, "429": 1}}, "1 × 429"),
        ({"short": {"200": 9, "reset": 1}}, "1 × reset"),
        ({"refused_after_s": 0.05}, "p95 of refusals (short) 50 ms, not below 50"),
        ({"normal_s": 5.1}, "as quick as before after 5.1 s, not within 5 s"),
        ({"normal_s": None}, "as quick as before never while watched"),
        (
            {"short": {"200": 500}, "long": {"200": 1, "503": 9}},
            "2000 of 12000 characters answered are of long texts, less than 0.25",
        ),
    ],
)
def test_each_bound_has_its_line(
    changes: dict[str, Any],
    line: str,
    make_run: Callable[..., Run],
    make_found: Callable[..., Found],
) -> None:
    (found,) = missed(make_found(make_run(**changes)))
    assert line in found


def test_below_the_capacity_goodput_is_what_arrives(
    make_run: Callable[..., Run], make_found: Callable[..., Found]
) -> None:
    assert missed(make_found(make_run(load=0.8, goodput=0.8))) == []
