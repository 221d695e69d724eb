"""Symbols in place of what a translation copies."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from training.corpus import Pair
from training.masks import mask_copies

SYMBOL = re.compile("⟦[0-7]⟧")


def test_masks_on_both_sides_are_the_same() -> None:
    zh = "运行 `make test`，然后在 https://example.org/a 打开端口 8000，共 3 个错误，见 README.md。"
    pair = Pair(
        zh,
        "Run `make test`, then open port 8000 at https://example.org/a: 3 errors, see README.md.",
    )
    hidden, rng = Counter[str](), random.Random(0)
    for _ in range(200):
        masked = mask_copies(pair, rng)
        symbols = SYMBOL.findall(masked.zh)
        assert sorted(symbols) == sorted(SYMBOL.findall(masked.en))
        assert len(set(symbols)) == len(symbols) > 0
        hidden.update(
            span
            for span in ("`make test`", "https://example.org/a", "8000", " 3 ")
            if span not in masked.zh
        )
        for span in ("`make test`", "https://example.org/a", "8000"):
            assert (span in masked.zh) == (span in masked.en)
    assert len(hidden) == 4
    assert max(hidden.values()) < 200


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("没有可以照抄的内容。", "Nothing here is copied."),
        ("端口 80 和 80", "Port 80"),  # twice on one side
        ("共 5 个", "All 50 of them"),  # a part of a longer word
        ("共 5 个", "Five of them"),
    ],
)
def test_what_is_not_copied_is_not_masked(zh: str, en: str) -> None:
    rng = random.Random(0)
    assert all(mask_copies(Pair(zh, en), rng) == (zh, en) for _ in range(20))
