from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from deployments import memory
from deployments.memory import TooMuchMemory, check_memory, resident_mb


def test_knows_what_this_process_has_in_memory() -> None:
    found = resident_mb()
    assert found is not None
    assert abs(found - psutil.Process().memory_info().rss / 1e6) < 20


def test_more_than_the_limit_fails_the_check_and_says_so() -> None:
    check_memory(1e6)
    with pytest.raises(TooMuchMemory, match=r"MB in memory, more than health.max_rss_mb \(10\)"):
        check_memory(10)


def test_a_system_that_does_not_say_has_no_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "RESIDENT", tmp_path / "statm")
    assert resident_mb() is None
    check_memory(1)
