"""The gate: what a quantised bundle may lose, and the verdict (docs/quantisation.md has the
reasons).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Literal

from pipeline.bundle import Gate
from pipeline.config import Strict

DELTA_BLEU = -0.3  # lower 95 % bound
DELTA_CHRF = -0.2  # lower 95 % bound
DELTA_LOGP = 0.05  # nats a token
BEST_CHANGED = 0.03  # of all steps
CHANCE = 0.05  # of counts that cannot be told from fp32's
QUICK_SENTENCES = 64
QUICK_BATCHED = 32  # of them, translated alone and in batches


class SetScores(Strict):
    bleu: float
    chrf: float
    delta_bleu: float
    delta_bleu_lower95: float
    delta_bleu_upper95: float
    delta_chrf: float
    delta_chrf_lower95: float
    bleu_signature: str
    chrf_signature: str


class Fault(Strict):
    """Sentences with a fault: in all, in fp32's outputs, and those where only one of the two has
    it.
    """

    count: int
    fp32: int
    only_here: int
    only_fp32: int

    @property
    def beyond_chance(self) -> bool:
        """Whether more sentences got the fault than lost it, by a one-sided sign test."""
        changed = self.only_here + self.only_fp32
        tail = sum(comb(changed, k) for k in range(self.only_here, changed + 1)) / 2**changed
        return self.only_here > self.only_fp32 and tail < CHANCE


def fault(here: Sequence[bool], fp32: Sequence[bool]) -> Fault:
    pairs = list(zip(here, fp32, strict=True))
    only = [sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)]
    return Fault(count=sum(here), fp32=sum(fp32), only_here=only[0], only_fp32=only[1])


class Faithfulness(Strict):
    """What needs no references."""

    batch_invariant: float  # share of sentences
    delta_logp: float
    best_changed: float


class Quality(Strict):
    faithfulness: Faithfulness
    exact_match: float
    likeness: float  # mean chrF++ with fp32's outputs
    faults: dict[str, Fault]
    sets: dict[str, SetScores]  # "pooled" among them


def quick(found: Faithfulness, force: bool = False) -> Gate:
    """The verdict of a plain build."""
    return _gate("quick", _unfaithful(found), force)


def full(found: Quality, force: bool = False) -> Gate:
    """The verdict on the test sets."""
    pooled = found.sets["pooled"]
    failures = _unfaithful(found.faithfulness)
    if pooled.delta_bleu_lower95 <= DELTA_BLEU:
        failures.append(
            f"ΔBLEU may be {pooled.delta_bleu_lower95:.2f} (lower 95 % bound; above {DELTA_BLEU} passes)"
        )
    if pooled.delta_chrf_lower95 <= DELTA_CHRF:
        failures.append(
            f"ΔchrF++ may be {pooled.delta_chrf_lower95:.2f} (lower 95 % bound; above {DELTA_CHRF} passes)"
        )
    for name, counted in found.faults.items():
        if counted.beyond_chance:
            failures.append(
                f"{name}: {counted.count} sentences, fp32 has {counted.fp32}: more than chance explains"
            )
    return _gate("full", failures, force)


def _unfaithful(found: Faithfulness) -> list[str]:
    failures = []
    if found.batch_invariant < 1:
        failures.append(f"{1 - found.batch_invariant:.1%} of sentences depend on their batch")
    if found.delta_logp > DELTA_LOGP:
        failures.append(f"mean |Δ log p| a token is {found.delta_logp:.3f} (at most {DELTA_LOGP})")
    if found.best_changed > BEST_CHANGED:
        failures.append(
            f"{found.best_changed:.1%} of steps have another best token (at most {BEST_CHANGED:.0%})"
        )
    return failures


def _gate(kind: Literal["quick", "full"], failures: list[str], force: bool) -> Gate:
    return Gate(
        kind=kind, passed=not failures, forced=force and bool(failures), failures=tuple(failures)
    )
