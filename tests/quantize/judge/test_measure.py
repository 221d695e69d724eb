"""What the judge opens."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL

pytestmark = pytest.mark.quantize


def test_the_judge_has_a_worker_for_each_cpu_that_it_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from quantize.judge.measure import open_engine

    monkeypatch.setattr(os, "cpu_count", lambda: 64)  # of a container's host
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7})
    with closing(open_engine(Bundle.load(DEFAULT_MODEL))) as engine:
        assert engine.settings.workers == 3
