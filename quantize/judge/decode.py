"""Translating with the serving engine, from text to text, and what is wrong with an output by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.answer.finish import Postprocessor
from pipeline.decode.engine import Engine
from pipeline.decode.options import Hypothesis
from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared
from quantize.progress import Progress, no_progress

SHORTEST, LONGEST = (
    0.5,
    3.0,
)  # target tokens a source token, between which an output's length is plausible
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass(frozen=True)
class Output:
    """One sentence's translation. `ids` are the model's, of every unit.

    `text` is what a client gets.
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
    """All lines at once: the engine batches them as it does under load."""
    bundle = engine.sessions.bundle
    prepare, finish = Preprocessor.load(bundle), Postprocessor.load(bundle)
    jobs = [_submit(engine, prepare(line)) for line in lines]
    outputs = []
    for done, (prepared, futures) in enumerate(jobs, 1):
        best = [future.result()[0] if future else None for future in futures]
        outputs.append(_output(prepared, best, finish))
        progress(done, len(jobs))
    return outputs


def _submit(
    engine: Engine, prepared: Prepared
) -> tuple[Prepared, list[Future[tuple[Hypothesis, ...]] | None]]:
    return prepared, [engine.submit(unit.ids) if unit.ids else None for unit in prepared.units]


def _output(prepared: Prepared, best: list[Hypothesis | None], finish: Postprocessor) -> Output:
    translation = finish(prepared, best)
    ids = tuple(hypothesis.ids if hypothesis else () for hypothesis in best)
    length = max(1, sum(len(unit.ids) for unit in prepared.units))
    ratio = round(sum(map(len, ids)) / length, 4)
    return Output(prepared.text, translation.text, ids, ratio, translation.warnings)


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
