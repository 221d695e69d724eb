"""The learning rate that follows from a run's settings."""

from __future__ import annotations

import pytest

from training.settings import Settings

SETTINGS = Settings(learning_rate=1e-3, warmup=100)


def test_the_learning_rate_goes_up_and_then_down() -> None:
    assert SETTINGS.rate(0.0, 0) == pytest.approx(1e-5)
    assert SETTINGS.rate(0.0, 99) == pytest.approx(1e-3)
    assert SETTINGS.rate(0.5, 5000) == pytest.approx(5e-4)
    rates = [SETTINGS.rate(step / 1000, step) for step in range(1000)]
    assert rates[:90] == sorted(rates[:90])
    assert rates[100:] == sorted(rates[100:], reverse=True)


def test_the_learning_rate_stays_above_zero_to_the_end_and_beyond() -> None:
    assert SETTINGS.rate(1.0, 9000) == SETTINGS.rate(1.2, 9900) == pytest.approx(2e-5)
