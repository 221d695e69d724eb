"""The real default model, and sentences for it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL
from pipeline.decode.sessions import Sessions


@pytest.fixture(scope="session")
def sessions() -> Sessions:
    return Sessions(Bundle.load(DEFAULT_MODEL))


@pytest.fixture(scope="session")
def sources() -> list[list[int]]:
    """Token ids of mixed lengths."""
    rng = np.random.default_rng(7)
    return [rng.integers(2, 12000, size).tolist() for size in rng.integers(1, 60, 40)]
