"""The gate: what a quantised bundle may lose, and the verdict.

docs/quantisation.md has the reasons for the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Literal, NamedTuple

from pipeline.bundle import Gate
from pipeline.config import Strict

DELTA_BLEU = -0.3  # lower 95 % bound
DELTA_CHRF = -0.2  # lower 95 % bound
DELTA_LOGP = 0.05  # nats a token
BEST_CHANGED = 0.03  # of all steps
CHANCE = 0.05  # below it, counts differ from fp32's by more than chance
QUICK_SENTENCES = 64
QUICK_BATCHED = 32  # of them, translated alone and in batches


class Verdict(NamedTuple):
    """What a bundle's manifest says of its quality."""

    gate: Gate
    scores: dict[str, str]  # by test set and metric, each with sacreBLEU's signature


class SetScores(Strict):
    """Scores on a test set, and their differences from fp32's with 95 % bounds."""

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
    """Numbers of sentences with a fault."""

    count: int
    fp32: int  # in fp32's outputs
    only_here: int  # where fp32's output has it not
    only_fp32: int

    @property
    def beyond_chance(self) -> bool:
        """Whether more sentences got the fault than lost it, by a one-sided sign test."""
        changed = self.only_here + self.only_fp32
        tail = sum(comb(changed, k) for k in range(self.only_here, changed + 1)) / 2**changed
        return self.only_here > self.only_fp32 and tail < CHANCE


def count_fault(here: Sequence[bool], fp32: Sequence[bool]) -> Fault:
    """The counts, from whether each sentence has the fault."""
    pairs = list(zip(here, fp32, strict=True))
    return Fault(
        count=sum(here),
        fp32=sum(fp32),
        only_here=sum(ours and not base for ours, base in pairs),
        only_fp32=sum(base and not ours for ours, base in pairs),
    )


class Faithfulness(Strict):
    """What needs no references."""

    batch_invariant: float  # share of sentences
    delta_logp: float  # mean |Δ log p| a token, in nats
    best_changed: float  # share of steps


class Quality(Strict):
    """Everything that the full gate judges."""

    faithfulness: Faithfulness
    exact_match: float  # share of sentences with fp32's tokens
    likeness: float  # mean chrF++ with fp32's outputs
    faults: dict[str, Fault]
    sets: dict[str, SetScores]  # "pooled" among them

    def headline(self) -> dict[str, str]:
        """The manifest's scores: every set's with its signature."""
        scores = {}
        for name, found in self.sets.items():
            scores[f"{name} BLEU"] = f"{found.bleu:.2f} ({found.bleu_signature})"
            scores[f"{name} chrF++"] = f"{found.chrf:.2f} ({found.chrf_signature})"
        return scores


def quick(found: Faithfulness) -> Gate:
    """The verdict of a plain build."""
    return _gate("quick", _unfaithful(found))


def full(found: Quality) -> Gate:
    """The verdict on the test sets."""
    pooled = found.sets["pooled"]
    failures = _unfaithful(found.faithfulness)
    for metric, bound, limit in (
        ("BLEU", pooled.delta_bleu_lower95, DELTA_BLEU),
        ("chrF++", pooled.delta_chrf_lower95, DELTA_CHRF),
    ):
        if bound <= limit:
            failures.append(
                f"Δ{metric} may be {bound:.2f} (lower 95 % bound; above {limit} passes)"
            )
    for name, fault in found.faults.items():
        if fault.beyond_chance:
            failures.append(
                f"{name}: {fault.count} sentences, fp32 has {fault.fp32}: more than chance explains"
            )
    return _gate("full", failures)


def _unfaithful(found: Faithfulness) -> list[str]:
    failures = []
    if found.batch_invariant < 1:
        failures.append(f"{1 - found.batch_invariant:.1%} of sentences depend on their batch")
    if found.delta_logp > DELTA_LOGP:
        failures.append(f"mean |Δ log p| a token is {found.delta_logp:.3f} (at most {DELTA_LOGP})")
    if found.best_changed > BEST_CHANGED:
        failures.append(
            f"{found.best_changed:.1%} of steps have another best token "
            f"(at most {BEST_CHANGED:.0%})"
        )
    return failures


def _gate(kind: Literal["quick", "full"], failures: list[str]) -> Gate:
    return Gate(kind=kind, passed=not failures, failures=tuple(failures))
