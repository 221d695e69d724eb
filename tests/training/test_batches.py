"""Batches of the prepared pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.quantize


def test_batches_hold_every_pair_once_and_no_more_tokens_than_allowed(data: Path) -> None:
    import torch

    from training.batches import Pairs

    pairs = Pairs(data / "train.npz", torch.device("cpu"))
    batches = pairs.batches(300, seed=0)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(pairs))) == list(range(120))
    widths = np.maximum(*pairs.lengths) + 1
    assert max(len(batch) * widths[batch].max() for batch in batches) <= 300
    padded = sum(len(batch) * widths[batch].max() for batch in batches)
    assert padded < 1.4 * widths.sum()
    other = pairs.batches(300, seed=1)
    assert [batch.tolist() for batch in other] != [batch.tolist() for batch in batches]
    assert [len(batch) for batch in pairs.batches(1, seed=0)] == [1] * 120


def test_padding_gives_the_ids_back(data: Path) -> None:
    import torch

    from training.batches import Pairs

    arrays, pairs = np.load(data / "train.npz"), Pairs(data / "train.npz", torch.device("cpu"))
    index = np.array([0, 119, 7, 55])
    for side, padded in zip(("src", "trg"), pairs.pad(index), strict=True):
        offsets = arrays[f"{side}_offsets"]
        rows = [arrays[side][offsets[place] : offsets[place + 1]].tolist() for place in index]
        assert padded.shape == (4, max(map(len, rows)))
        assert [row[: len(ids)] for row, ids in zip(padded.tolist(), rows, strict=True)] == rows
        assert (padded == 0).sum() == padded.numel() - sum(map(len, rows))
