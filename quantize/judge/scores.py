"""sacreBLEU's scores of two systems, and the interval of their difference by its paired bootstrap."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

RESAMPLES = 1000
SEED = 12345  # sacreBLEU's own

logging.getLogger("sacrebleu").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Difference:
    score: float  # of the candidate
    delta: float  # from the reference
    lower95: float
    upper95: float
    signature: str


def bleu() -> Any:
    return BLEU()


def chrf() -> Any:
    return CHRF(word_order=2)


def difference(
    metric: Any, reference: Sequence[str], candidate: Sequence[str], truth: Sequence[str]
) -> Difference:
    """Of the candidate's score from the reference's on the same resampled sentences.

    sacreBLEU's paired test gives a p-value and each system's own interval, but not the
    difference's; so its sentence statistics are resampled here with its seed and in its way.
    """
    outputs = [list(reference), list(candidate)]
    tables = [
        np.array(metric._extract_corpus_statistics(side, [list(truth)]), np.float64)
        for side in outputs
    ]
    rng = np.random.default_rng(SEED)
    places = rng.choice(len(truth), size=(RESAMPLES, len(truth)), replace=True)
    counts = np.stack([np.bincount(row, minlength=len(truth)) for row in places])
    exact = [_score(metric, table.sum(axis=0)) for table in tables]
    resampled = [[_score(metric, sums) for sums in counts @ table] for table in tables]
    lower, upper = np.percentile(np.subtract(resampled[1], resampled[0]), (2.5, 97.5))
    signature = str(metric.get_signature())
    return Difference(exact[1], exact[1] - exact[0], float(lower), float(upper), signature)


def _score(metric: Any, sums: Any) -> float:
    return float(metric._compute_score_from_stats(sums.tolist()).score)


def likeness(reference: Sequence[str], candidate: Sequence[str]) -> float:
    """Mean chrF++ of the candidate's sentences with the reference's as truth."""
    metric = chrf()
    return float(
        np.mean(
            [metric.sentence_score(c, [r]).score for r, c in zip(reference, candidate, strict=True)]
        )
    )
