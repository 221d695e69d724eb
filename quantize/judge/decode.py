"""Translating with the serving engine, from text to text, and what is wrong with an output by
itself.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.answer.review import Postprocessor
from pipeline.answer.translation import Try
from pipeline.decode.engine import Engine
from pipeline.decode.options import Hypothesis
from pipeline.text.prepare import Preprocessor
from pipeline.walk import Walk
from quantize.progress import Progress, no_progress

# Target tokens a source token, between which an output's length is plausible.
SHORTEST, LONGEST = 0.5, 3.0
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
Submitted = tuple[Try, list[Future[tuple[Hypothesis, ...]]]]


@dataclass(frozen=True)
class Output:
    """One line's translation: `text` and `warnings` are what a client gets, after all retries.

    `ids` and `length_ratio` are of the model's first try, with ids for each unit it was asked for.
    """

    source: str
    text: str
    ids: tuple[tuple[int, ...], ...]
    length_ratio: float  # target tokens a source token
    warnings: tuple[str, ...]  # pipeline.answer.parse has their names

    @property
    def faults(self) -> dict[str, bool]:
        """What is wrong with it, by the names that the report uses."""
        return {
            "loops": "loop" in self.warnings,
            "empty": "empty" in self.warnings,
            "lengths": not SHORTEST <= self.length_ratio <= LONGEST,
            "unknown": "unknown" in self.warnings,
            "numbers": not set(NUMBER.findall(self.source)) <= set(NUMBER.findall(self.text)),
        }

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Output:
        ids = tuple(map(tuple, data["ids"]))
        return Output(**{**data, "ids": ids, "warnings": tuple(data["warnings"])})


def translate(
    engine: Engine, lines: Sequence[str], progress: Progress = no_progress
) -> list[Output]:
    """What clients get for the lines, retries included; all are decoded at once, as under load."""
    bundle = engine.sessions.bundle
    preprocessor, postprocessor = Preprocessor.load(bundle), Postprocessor.load(bundle)
    walks = [Walk(preprocessor.prepare(line)) for line in lines]
    pending = deque((walk, _submitted(engine, walk)) for walk in walks)
    first: list[tuple[tuple[int, ...], ...]] = []
    while pending:
        walk, submitted = pending.popleft()
        decoded = [[future.result()[0] for future in futures] for _, futures in submitted]
        if len(first) < len(walks):
            first.append(tuple(best.ids for found in decoded for best in found))
            progress(len(first), len(walks))
        for (tried, _), hypotheses in zip(submitted, decoded, strict=True):
            walk.take(tried, postprocessor.review(walk.attempt(tried, hypotheses)))
        if again := _submitted(engine, walk):
            pending.append((walk, again))
    return [_output(walk, ids) for walk, ids in zip(walks, first, strict=True)]


def _submitted(engine: Engine, walk: Walk) -> list[Submitted]:
    """What the walk has due, handed to the engine."""
    return [
        (
            tried,
            [
                engine.submit(ids, options=tried.strictness.applied(engine.defaults))
                for ids in tried.sentences
            ],
        )
        for tried in walk.due()
    ]


def _output(walk: Walk, ids: tuple[tuple[int, ...], ...]) -> Output:
    translation = walk.translation()
    length = max(1, sum(len(unit.ids) for unit in walk.prepared.units))
    ratio = round(sum(map(len, ids)) / length, 4)
    return Output(walk.prepared.text, translation.text, ids, ratio, translation.warnings)


def invariance(
    engine: Engine, sources: Sequence[tuple[int, ...]], progress: Progress = no_progress
) -> float:
    """Share of sentences whose ids are the same alone and in batches of 2, 7 and 32 with random
    neighbours.
    """
    rng = np.random.default_rng(0)
    alone = [engine.submit(ids).result()[0].ids for ids in sources]
    same = np.ones(len(sources), bool)
    for step, size in enumerate((2, 7, 32), 1):
        order = rng.permutation(len(sources))
        for start in range(0, len(order), size):
            group = order[start : start + size]
            futures = [engine.submit(sources[place]) for place in group]
            for place, future in zip(group, futures, strict=True):
                same[place] &= future.result()[0].ids == alone[place]
        progress(step, 3)
    return float(same.mean())
