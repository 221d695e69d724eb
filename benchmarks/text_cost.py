"""What the text side costs beside decoding: `python -m benchmarks.text_cost`.

Both are CPU seconds of this process with one worker. Decoding is measured twice: sentences one
after another, as a lone caller's are, and all at once, as in a full batch, where it is cheapest.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from pipeline.answer.review import Postprocessor
from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL
from pipeline.decode.engine import Engine
from pipeline.decode.options import Hypothesis
from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared
from pipeline.walk import Walk
from quantize.sentences import TEST_SETS

TEXTS = TEST_SETS / "flores-dev.zh"
ROUNDS = 5  # of the text side, which is too quick for one
Result = TypeVar("Result")


def main() -> None:
    """Measure a model and print what its sentences cost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text_cost", description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument(
        "--texts", type=Path, default=TEXTS, help="one text a line (default: FLORES dev)"
    )
    arguments = parser.parse_args()
    texts = arguments.texts.read_text(encoding="utf-8").splitlines()[: arguments.sentences]
    measure(Bundle.load(arguments.model), texts)


def measure(bundle: Bundle, texts: list[str]) -> None:
    """Print CPU milliseconds a sentence before, while and after decoding the texts."""
    preprocessor, postprocessor = Preprocessor.load(bundle), Postprocessor.load(bundle)
    before, prepared = timed(lambda: [preprocessor.prepare(text) for text in texts], ROUNDS)
    ids = [unit.ids for item in prepared for unit in item.units if unit.ids]
    with closing(Engine.load(bundle)) as engine:
        beam = engine.defaults.beam_size
        alone, _ = timed(lambda: [engine.submit(sentence).result() for sentence in ids])
        batch, decoded = timed(
            lambda: [future.result() for future in [engine.submit(sentence) for sentence in ids]]
        )
    best = [hypotheses[0] for hypotheses in decoded]
    after, retried = timed(lambda: review(postprocessor, prepared, best), ROUNDS)
    print(f"{bundle.manifest.name}, beam {beam}, {len(ids)} sentences of {len(texts)} texts")
    for name, seconds in (
        ("before", before),
        ("after", after),
        ("decoding, alone", alone),
        ("decoding, batched", batch),
    ):
        print(f"{name:20}{seconds / len(ids) * 1000:8.3f} ms a sentence")
    text_side = before + after
    print(f"text side: {text_side / alone:.2%} of decoding alone, {text_side / batch:.2%} batched")
    print(f"tried again: {retried} of {len(ids)} sentences")


def review(
    postprocessor: Postprocessor, prepared: Sequence[Prepared], best: Sequence[Hypothesis]
) -> int:
    """Review every first try, and lay out the answers; returns how many would be tried again."""
    given, retried = iter(best), 0
    for walk in map(Walk, prepared):
        for tried in walk.due():
            walk.take(tried, postprocessor.review(walk.attempt(tried, [next(given)])))
        retried += len(walk.due())
        walk.translation()
    return retried


def timed(work: Callable[[], Result], rounds: int = 1) -> tuple[float, Result]:
    """CPU seconds of one round, and its result."""
    start = time.process_time()
    for _ in range(rounds):
        result = work()
    return (time.process_time() - start) / rounds, result


if __name__ == "__main__":
    main()
