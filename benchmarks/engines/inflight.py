"""In-flight batching beside batches that no sentence joins, on sentences of mixed lengths.

Sentences leave both as soon as they are finished.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.engines.measure import Timing, timings
from benchmarks.engines.models import sources
from benchmarks.engines.runners import Ours
from pipeline.bundle import Bundle
from pipeline.decode.engine import EngineSettings
from quantize.machine import in_turn

ROWS = 32  # sentences decoded together, on average
COUNT = 192  # sentences: fewer, and the end, when the last ones leave one by one, weighs too much
ROUNDS = 3  # at most: a round is long


@dataclass(frozen=True)
class Work:
    """Sentences, and the number of tokens of each one's translation."""

    sources: list[tuple[int, ...]]
    lengths: list[int]


def mixed(model: str, count: int, seed: int = 0) -> Work:
    """Targets are log-normal, 26 tokens on average and 57 at the 95th percentile.

    Sources follow them loosely.
    """
    rng = np.random.default_rng(seed)
    targets = np.clip(rng.lognormal(3.08, 0.585, count), 4, 96).astype(int)
    lengths = np.clip(targets * rng.lognormal(-0.2, 0.2, count), 3, 96).astype(int)
    ids = sources(model, count, int(lengths.max()))
    return Work([row[:n] for row, n in zip(ids, lengths, strict=True)], targets.tolist())


def cached(work: Work) -> float:
    """Tokens that a sentence holds in the cache, averaged over those found in a batch.

    Long ones are found there for longer.
    """
    pairs = zip(work.sources, work.lengths, strict=True)
    held = [len(ids) + 1 + length for ids, length in pairs]
    return float(np.average(held, weights=work.lengths))


def compare(model: str, bundle: Bundle, rounds: int) -> dict[str, Timing]:
    """Milliseconds a sentence of both policies, of one engine whose budget holds about ROWS
    sentences.
    """
    work = mixed(model, COUNT)
    engine = Ours(bundle, EngineSettings(max_batch_tokens=int(ROWS * cached(work))))

    def in_flight() -> None:
        engine.translate(work.sources, 1, work.lengths)

    def batches() -> None:
        for begin in range(0, COUNT, ROWS):
            part = slice(begin, begin + ROWS)
            engine.translate(work.sources[part], 1, work.lengths[part])

    spent = in_turn({"in flight": in_flight, "batches": batches}, min(rounds, ROUNDS))
    return timings(spent, COUNT, "batches")
