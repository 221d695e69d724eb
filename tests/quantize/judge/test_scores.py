"""sacreBLEU's scores, and the bounds of their differences."""

from __future__ import annotations

import numpy as np
import pytest

from quantize.judge.gate import Faithfulness
from quantize.sentences import TestSet, load_test_sets

pytestmark = pytest.mark.quantize
SENTENCES = 120


def without_words(lines: tuple[str, ...], share: float, rng: np.random.Generator) -> list[str]:
    """The lines, each word left out with this probability."""
    return [" ".join(word for word in line.split() if rng.random() > share) for line in lines]


def test_the_interval_of_a_difference_is_sacrebleus_bootstrap() -> None:
    from sacrebleu.significance import estimate_ci

    from quantize.judge import scores

    truth = load_test_sets(SENTENCES)[0].references
    rng = np.random.default_rng(0)
    worse, better = without_words(truth, 0.1, rng), without_words(truth, 0.05, rng)
    found = scores.difference(scores.bleu(), worse, better, truth)
    metric, rng = scores.bleu(), np.random.default_rng(scores.SEED)
    places = rng.choice(SENTENCES, size=(scores.RESAMPLES, SENTENCES), replace=True)

    def resampled(side: list[str]) -> list[float]:
        table = np.array(metric._extract_corpus_statistics(side, [list(truth)]))
        sums = (table[row].sum(0).tolist() for row in places)
        return [metric._compute_score_from_stats(row).score for row in sums]

    mean, half = estimate_ci(np.subtract(resampled(better), resampled(worse)))
    assert abs((found.lower95 + found.upper95) / 2 - mean) < 0.2
    assert abs((found.upper95 - found.lower95) / 2 - half) < 0.05
    whole = [metric.corpus_score(side, [list(truth)]).score for side in (better, worse)]
    assert found.delta == pytest.approx(whole[0] - whole[1])
    assert "nrefs:1|case:mixed|eff:no|tok:13a" in found.signature


def test_the_same_outputs_differ_by_nothing() -> None:
    from quantize.judge import scores

    truth = load_test_sets(40)[1].references
    found = scores.difference(scores.chrf(), truth, truth, truth)
    assert (found.delta, found.lower95, found.upper95) == (0, 0, 0)


def test_quality_counts_what_only_the_candidate_lost() -> None:
    from quantize.judge import scores
    from quantize.judge.decode import Output

    def output(source: str, text: str, tokens: int) -> Output:
        return Output(source, text, ((tokens,),), length_ratio=1.0, warnings=())

    test = TestSet("small", ("有 3 个。", "好。"), ("There are 3.", "Good."))
    base = {
        "small": [output("有 3 个。", "There are 3.", 5), output("好。", "Good.", 6)],
        "masks": [output("一，⟦0⟧二", "One, ⟦0⟧ two", 7)],
    }
    ours = {
        "small": [output("有 3 个。", "There are some.", 8), output("好。", "Good.", 6)],
        "masks": [output("一，⟦0⟧二", "One, two", 9)],
    }
    faithful = Faithfulness(batch_invariant=1.0, delta_logp=0.0, best_changed=0.0)
    found = scores.quality(base, ours, [test], faithful, "⟦0⟧")
    assert found.exact_match == 0.5
    assert (found.faults["numbers"].count, found.faults["numbers"].only_here) == (1, 1)
    assert (found.faults["masks"].count, found.faults["masks"].fp32) == (1, 0)
    assert found.faults["empty"].count == 0
    assert found.sets["small"].delta_chrf < 0
    assert found.sets["pooled"].bleu == found.sets["small"].bleu
    assert "small chrF++" in found.headline()
