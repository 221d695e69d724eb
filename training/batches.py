"""The prepared pairs, cut into batches of sentences of similar length.

Shapes: B sentences, L tokens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.errors import UserError

Index = npt.NDArray[np.int64]
SIDES = ("src", "trg")


class Pairs:
    """The prepared pairs. All ids are on the training device and take 4 bytes each there."""

    def __init__(self, path: Path, device: torch.device) -> None:
        """Read the arrays that `prepare` wrote; raises UserError where there are none."""
        try:
            arrays = np.load(path)
            flat = [arrays[side].astype(np.int32) for side in SIDES]
            self._offsets = [arrays[f"{side}_offsets"] for side in SIDES]
        except (OSError, ValueError, KeyError):
            raise UserError(
                f"{path} is missing or damaged: make it with `python -m training prepare`"
            ) from None
        self._device = device
        self._flat = [torch.from_numpy(ids).to(device) for ids in flat]
        self.lengths = [np.diff(offsets) for offsets in self._offsets]

    def __len__(self) -> int:
        return len(self.lengths[0])

    def batches(self, tokens: int, seed: int) -> list[Index]:
        """The pairs' indices, each once, in batches of at most `tokens` padded tokens a side.

        The batches come in random order. The end symbol counts. A pair that is longer by itself is
        a batch of its own.
        """
        rng = np.random.default_rng(seed)
        src, trg = self.lengths
        order = np.lexsort((rng.random(len(self)), src // 4, trg // 4))
        batches, start, widest = [], 0, 0
        for place, width in enumerate((np.maximum(src, trg) + 1)[order].tolist()):
            widest = max(widest, width)
            if (place - start + 1) * widest > tokens and place > start:
                batches.append(order[start:place])
                start, widest = place, width
        batches.append(order[start:])
        shuffled: list[Any] = [batches[place] for place in rng.permutation(len(batches))]
        return shuffled

    def pad(self, index: Index) -> tuple[Tensor, Tensor]:
        """The pairs' ids (B, L) of source and target, padded with 0, on the training device."""
        src, trg = (self._pad(side, index) for side in range(len(SIDES)))
        return src, trg

    def _pad(self, side: int, index: Index) -> Tensor:
        flat = self._flat[side]
        length = torch.from_numpy(self.lengths[side][index]).to(self._device)
        start = torch.from_numpy(self._offsets[side][:-1][index]).to(self._device)
        column = torch.arange(int(self.lengths[side][index].max()), device=self._device)
        where = (start[:, None] + column).clamp_(max=flat.numel() - 1)
        return flat[where].long().masked_fill_(column >= length[:, None], 0)
