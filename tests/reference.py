"""What the reference computes on its toy models (tests/data/csanmt/README.md)."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "data" / "csanmt"
CASES = ("tiny_abs_shared", "mid_rel_separate", "postnorm_abs", "deep_zh2en_like")
SPLIT = "<SENT_SPLIT>"
Scored = list[tuple[tuple[int, ...], float]]


class Reference:
    """One toy model's folder and recorded outputs."""

    def __init__(self, case: str) -> None:
        self.folder = FOLDER / case
        self.arrays = dict(np.load(self.folder / "golden.npz"))
        self.model: dict[str, Any] = json.loads((self.folder / "configuration.json").read_bytes())[
            "model"
        ]

    @cached_property
    def sources(self) -> list[list[int]]:
        rows = zip(self.arrays["src_ids"], self.arrays["src_len"], strict=True)
        return [row[:length].tolist() for row, length in rows]

    @cached_property
    def texts(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = json.loads((self.folder / "golden_text.json").read_bytes())
        return records

    @property
    def forced(self) -> list[int]:
        """Numbers of the sources that have teacher-forced logits."""
        return [
            int(name.split("_")[1])
            for name in self.arrays
            if name.startswith("tf_") and name.endswith("_trg")
        ]

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """The recorded searches by their tags."""
        alpha, longest = self.model["lp_rate"], self.model["max_decoded_trg_len"]
        values = {"beam1": (1, alpha, longest), "beam4": (4, alpha, longest)}
        values |= {"beam4_lp1_max6": (4, 1.0, 6), "beam2_lp0": (2, 0.0, longest)}
        names = ("beam_size", "length_penalty", "max_length")
        return {tag: dict(zip(names, given, strict=True)) for tag, given in values.items()}


def hypotheses(sequences: Any, scores: Any) -> Scored:
    """Recorded rows [K, T] up to their end symbols with their scores, unused slots left out."""
    rows = ([int(i) for i in row if i >= 0] for row in sequences)
    cut = (tuple(row[: row.index(0)] if 0 in row else row) for row in rows)
    return [(row, float(score)) for row, score in zip(cut, scores, strict=True) if score > -1e30]
