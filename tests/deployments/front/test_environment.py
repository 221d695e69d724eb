"""What the launcher tells HAProxy's manager arrives as it was told."""

from __future__ import annotations

import pytest

from deployments.front import environment
from deployments.front.environment import Told


@pytest.mark.parametrize("told", [Told(), Told("mine", "10.0.0.7", 2.5, 300_000, 1_000_000)])
def test_what_is_told_is_read_and_what_was_told_before_is_gone(
    monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    names = (environment.APPLICATION, environment.HOST)
    for name in (*names, environment.BODY_READ_S, environment.BODY_BYTES):
        monkeypatch.setenv(name, "1")
    told.write()
    assert Told.read() == told
