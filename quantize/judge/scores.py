"""A candidate's outputs beside the reference's: sacreBLEU's scores, and faults."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from quantize.judge.decode import Output
from quantize.judge.gate import Faithfulness, Quality, SetScores, count_fault
from quantize.sentences import TestSet

RESAMPLES = 1000
SEED = 12345  # sacreBLEU's own
MASKS = "masks"  # names the outputs of sentences with a masked span, and the fault of losing it
Outputs = Mapping[str, Sequence[Output]]  # of every test set, and MASKS

logging.getLogger("sacrebleu").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Difference:
    """A candidate's score, and what sets it apart from the reference's."""

    score: float
    delta: float
    lower95: float  # bounds of delta
    upper95: float
    signature: str


def bleu() -> Any:
    """sacreBLEU's BLEU."""
    return BLEU()


def chrf() -> Any:
    """sacreBLEU's chrF++."""
    return CHRF(word_order=2)


def difference(
    metric: Any, reference: Sequence[str], candidate: Sequence[str], truth: Sequence[str]
) -> Difference:
    """The candidate's score less the reference's, on the same resampled sentences.

    sacreBLEU's paired test gives a p-value and each system's own interval, but not the
    difference's. So its sentence statistics are resampled here with its seed and in its way.
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
    pairs = zip(reference, candidate, strict=True)
    return float(np.mean([metric.sentence_score(ours, [base]).score for base, ours in pairs]))


def quality(
    reference: Outputs,
    candidate: Outputs,
    sets: Sequence[TestSet],
    faithful: Faithfulness,
    symbol: str | None,
) -> Quality:
    """The candidate's outputs beside the reference's; `symbol` is what masked spans became."""
    base = [output for test in sets for output in reference[test.name]]
    ours = [output for test in sets for output in candidate[test.name]]
    faults = {
        name: count_fault([o.faults[name] for o in ours], [o.faults[name] for o in base])
        for name in ours[0].faults
    }
    if symbol:
        sides = (candidate[MASKS], reference[MASKS])
        lost = ([symbol not in output.text for output in side] for side in sides)
        faults[MASKS] = count_fault(*lost)
    truth = [line for test in sets for line in test.references]
    sets_scores = {
        test.name: set_scores(reference[test.name], candidate[test.name], test.references)
        for test in sets
    }
    return Quality(
        faithfulness=faithful,
        exact_match=sum(a.ids == b.ids for a, b in zip(ours, base, strict=True)) / len(ours),
        likeness=likeness([o.text for o in base], [o.text for o in ours]),
        faults=faults,
        sets=sets_scores | {"pooled": set_scores(base, ours, truth)},
    )


def set_scores(
    reference: Sequence[Output], candidate: Sequence[Output], truth: Sequence[str]
) -> SetScores:
    """Both metrics of the candidate, and their differences from the reference's."""
    base, ours = ([output.text for output in side] for side in (reference, candidate))
    by_bleu, by_chrf = difference(bleu(), base, ours, truth), difference(chrf(), base, ours, truth)
    return SetScores(
        bleu=by_bleu.score,
        chrf=by_chrf.score,
        delta_bleu=by_bleu.delta,
        delta_bleu_lower95=by_bleu.lower95,
        delta_bleu_upper95=by_bleu.upper95,
        delta_chrf=by_chrf.delta,
        delta_chrf_lower95=by_chrf.lower95,
        bleu_signature=by_bleu.signature,
        chrf_signature=by_chrf.signature,
    )
