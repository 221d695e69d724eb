"""What the benchmark of load sends, and when."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.load.arrivals import LONG, LONG_CHARACTERS, SHORT, read_texts, schedule


def test_requests_are_due_at_a_constant_rate() -> None:
    arrivals = schedule(read_texts(), 170.0, 3.0, seed=1)
    assert len(arrivals) == 510
    assert arrivals[0].due == 0
    gaps = [later.due - earlier.due for earlier, later in pairwise(arrivals)]
    assert gaps == pytest.approx([1 / 170] * 509)
    assert {arrival.kind for arrival in arrivals} == {SHORT}


def test_short_texts_are_many_and_short() -> None:
    texts = read_texts().short
    assert len(set(texts)) >= 136
    assert all(4 <= len(text) <= 24 for text in texts)
    assert len(read_texts().probe) == sorted(map(len, texts))[len(texts) // 2]


def test_a_seed_decides_what_is_sent() -> None:
    texts = read_texts()
    first, same, other = (schedule(texts, 50, 4, seed, 0.1) for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_a_mix_has_its_share_of_long_texts_which_differ() -> None:
    arrivals = schedule(read_texts(), 100, 20, seed=3, long_share=0.05)
    long = [arrival.text for arrival in arrivals if arrival.kind == LONG]
    assert 70 <= len(long) <= 130
    assert {len(text) for text in long} == {LONG_CHARACTERS}
    assert len(set(long)) == len(long)
