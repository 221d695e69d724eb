from __future__ import annotations

import os
from importlib.util import find_spec

import pytest


@pytest.fixture(autouse=True)
def quantize_extra() -> None:
    """Skips, saying why, where the quantize extra is not installed; in CI that is a failure."""
    if find_spec("torch") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("torch is not installed: use make test-all")
