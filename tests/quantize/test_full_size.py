"""The benchmark of the published model's size, tried on a small shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UserError

pytestmark = pytest.mark.quantize


def test_variants_run_in_one_engine(tmp_path: Path) -> None:
    from benchmarks.full_size import OPTIMUM, compare

    said: list[str] = []
    found = compare(tmp_path, "small", ["row-63"], rounds=1, sentences=2, tokens=6, report=said.append)["variants"]
    assert set(found) == {"fp32", "row-63", OPTIMUM}
    assert all(one["seconds"] > 0 and one["peak_rss_bytes"] > 10**7 for one in found.values())
    assert max(found["row-63"]["size_bytes"], found[OPTIMUM]["size_bytes"]) < 0.6 * found["fp32"]["size_bytes"]
    with pytest.raises(UserError, match="static-63"):
        compare(tmp_path, "small", ["static-63"], rounds=1, sentences=1, tokens=4, report=said.append)
