"""What passes through a model's products while it translates.

It gives ranges to static scales and Hessians to rounding. A float32 build whose product inputs are
extra outputs runs in the serving engine, with the serving search: every step of every beam is seen.
Values are streamed into histograms, none are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime as ort

from pipeline.bundle import Bundle
from pipeline.decode.batch import Batch
from pipeline.decode.engine import Engine, EngineSettings
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.sessions import Sessions
from quantize.int8.observations import OBSERVED, SEPARATOR, Histogram, Observations
from quantize.network import Array
from quantize.progress import Progress, Report, no_progress
from quantize.sentences import sentence_ids, spread

SENTENCES = 512  # of the calibration text, spread over it
FEW = 100
RATIO, MARGIN = 2.0, 16  # most target tokens a source token, and beside them
ROWS_AT_ONCE = 2048  # of an input, counted together
SHOWN_EVERY_S = 1.0
FEW_WARNING = (
    "values that other sentences reach lie outside the ranges found and are cut off, and rounding "
    "is fitted to these few: give at least 500 sentences, of the kinds that will be translated"
)


def calibrate(
    bundle: Bundle,
    lines: Sequence[str],
    *,
    warn: Report,
    progress: Progress = no_progress,
) -> Observations:
    """Translate up to SENTENCES of the lines and return what an observing fp32 bundle showed.

    `progress` is by target tokens, of the most that there may be.
    """
    sources = sentence_ids(bundle, spread(lines, SENTENCES))
    if len(sources) < FEW:
        warn(f"calibration on {len(sources)} sentences: {FEW_WARNING}")
    collector = _Collector()
    sessions = _ObservedSessions(bundle, collector)
    with closing(Engine(sessions, EngineSettings(), batch=_ObservedBatch)) as engine:
        options = [bounded(engine.defaults, len(ids)) for ids in sources]
        futures = engine.submit_all(list(zip(sources, options, strict=True)))
        limits = [own.limit(len(ids)) for own, ids in zip(options, sources, strict=True)]
        for future in futures:
            while not wait([future], timeout=SHOWN_EVERY_S).done:
                progress(_tokens_done(futures, limits, collector.steps), sum(limits))
            future.result()
        progress(sum(limits), sum(limits))
    return collector.result(len(sources))


def bounded(options: DecodingOptions, source_length: int) -> DecodingOptions:
    """The options with an end, for a model that finds none: loops show nothing new.

    The bound is the one that our own models have, so it changes nothing for them.
    """
    longest = int(RATIO * source_length) + MARGIN
    return replace(options, max_length=min(options.max_length, longest))


def _tokens_done(
    futures: Sequence[Future[tuple[Hypothesis, ...]]], limits: Sequence[int], steps: int
) -> int:
    """Steps of all sentences, and those that finished ones did not need."""
    pairs = zip(futures, limits, strict=True)
    return steps + sum(limit - future.result()[0].steps for future, limit in pairs if future.done())


class _Collector:
    """Sums up rows [n, in] of the observed outputs, by the outputs' names."""

    def __init__(self) -> None:
        self.histograms: dict[str, Histogram] = {}
        self.hessians: dict[str, Array] = {}
        self.steps = 0  # of all sentences
        self._uncounted: dict[str, list[Array]] = {}

    def add(self, outputs: Iterable[tuple[str, Array]]) -> None:
        for name, rows in outputs:
            uncounted = self._uncounted.setdefault(name, [])
            uncounted.append(rows.copy())
            if sum(map(len, uncounted)) >= ROWS_AT_ONCE:
                self._count(name)

    def _count(self, name: str) -> None:
        rows = np.concatenate(self._uncounted.pop(name))
        self.histograms.setdefault(name, Histogram()).add(rows)
        energy = rows.T @ rows
        if name in self.hessians:
            self.hessians[name] = self.hessians[name] + energy
        else:
            self.hessians[name] = energy.astype(float)

    def result(self, sentences: int) -> Observations:
        """All that was found, an output's under the name of every product that reads it."""
        for name in list(self._uncounted):
            self._count(name)
        outputs = {
            product: name
            for name in self.histograms
            for product in name.removeprefix(OBSERVED).split(SEPARATOR)
        }
        return Observations(
            sentences=sentences,
            histograms={product: self.histograms[name] for product, name in outputs.items()},
            hessians={product: self.hessians[name] for product, name in outputs.items()},
        )


class _ObservedSessions(Sessions):
    """Shows the collector what the encoder's products read."""

    def __init__(self, bundle: Bundle, collector: _Collector) -> None:
        super().__init__(bundle)
        self.collector = collector
        self._observed = observed_outputs(self.encoder)

    def _run_encoder(self, inputs: dict[str, Any]) -> list[Any]:
        outputs = super()._run_encoder(inputs)
        own = len(outputs) - len(self._observed)
        self.collector.add(zip(self._observed, outputs[own:], strict=True))
        return outputs[:own]


class _ObservedBatch(Batch):
    """Shows the collector the live rows of every product's input, after every step."""

    def __init__(
        self, sessions: Sessions, session: ort.InferenceSession, beam: int, candidates: int = 0
    ) -> None:
        super().__init__(sessions, session, beam, candidates)
        assert isinstance(sessions, _ObservedSessions)
        self._collector = sessions.collector
        self._observed = observed_outputs(session)

    def _bind(self) -> None:
        before = self._bound
        super()._bind()
        if self._bound != before:
            for name in self._observed:
                self._binding.bind_output(name, "cpu")

    def run(self) -> None:
        super().run()
        self._collector.steps += self.size
        values = self._binding.get_outputs()[-len(self._observed) :]
        self._collector.add(
            (name, value.numpy()) for name, value in zip(self._observed, values, strict=True)
        )


def observed_outputs(session: ort.InferenceSession) -> list[str]:
    """Names of the graph's extra outputs, in their order."""
    return [output.name for output in session.get_outputs() if output.name.startswith(OBSERVED)]
