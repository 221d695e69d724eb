"""The tables of the benchmark of overhead."""

from __future__ import annotations

import pytest

from benchmarks.overhead import MODES, known_modes
from benchmarks.tables import show_mode, show_rest


def load(cpu_ms: float) -> dict[str, object]:
    each = {"cpu_ms": cpu_ms, "lowest_ms": cpu_ms - 1, "highest_ms": cpu_ms + 2, "per_second": 50.0}
    return each | {"clients": 32, "parts_ms": {"ingress": 4.0, "proxy": 2.0}}


def test_a_mode_is_shown_beside_the_bare_engine(capsys: pytest.CaptureFixture[str]) -> None:
    memory = {"ingress": [90.0, 91.0], "proxy": [80.0]}
    mode = {"loads": [load(20.0)] * 3, "memory_mb": memory, "first_answer_s": 12.5}
    mode["rest"] = {"percent": 20.0, "memory_mb": memory}
    show_mode("together", mode, {"loads": [load(5.0)] * 3})
    show_rest({"together": mode})
    shown = capsys.readouterr().out
    assert shown.count("15.00 (14.00 to 17.00), 4.00, 50/s") == 3
    assert "ms at 32: ingress 4.0, proxy 2.0" in shown
    assert "12.5 s; 20.0 %, 3 processes" in shown
    assert shown.count("261: ingress × 2 181, proxy 80") == 2


def test_modes_are_named_by_commas() -> None:
    assert known_modes(",".join(MODES)) == list(MODES)
    with pytest.raises(Exception, match="no mode other"):
        known_modes("together,other")
