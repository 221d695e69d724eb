"""What passes through a model's products while it translates: ranges for static scales, Hessians
for rounding.

A float32 build whose product inputs are extra outputs runs in the serving engine, with the serving
search: every step of every beam is seen. Values are streamed into histograms, none are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort

from pipeline.bundle import Bundle
from pipeline.decode.batch import Batch
from pipeline.decode.engine import Engine, EngineSettings
from pipeline.decode.sessions import Sessions
from quantize.corpus import sentence_ids
from quantize.int8.observations import Histogram, Observations
from quantize.int8.plan import OBSERVED, Array
from quantize.progress import Progress, Report, no_progress

SENTENCES = 512  # of the calibration text, spread over it
FEW = 100
ROWS_AT_ONCE = 2048  # of an input, counted together
WHY_MORE = (
    "values that other sentences reach lie outside the ranges found and are cut off, and rounding is fitted to "
    "these few: give at least 500 sentences, of the kinds that will be translated"
)


def calibrate(
    bundle: Bundle,
    lines: Sequence[str],
    *,
    warn: Report,
    progress: Progress = no_progress,
) -> Observations:
    """Translate up to SENTENCES of the lines with an observing fp32 bundle and return what was
    seen.
    """
    spread = lines[:: max(1, len(lines) // SENTENCES)][:SENTENCES]
    sources = sentence_ids(bundle, spread)
    if len(sources) < FEW:
        warn(f"calibration on {len(sources)} sentences: {WHY_MORE}")
    collector = _Collector()
    sessions = _Sessions(bundle, collector)
    engine = Engine(sessions, EngineSettings(), batch=_Batch)
    try:
        for done, future in enumerate([engine.submit(ids) for ids in sources], 1):
            future.result()
            progress(done, len(sources))
    finally:
        engine.close()
    return collector.result(len(sources))


class _Collector:
    def __init__(self) -> None:
        self.histograms: dict[str, Histogram] = {}
        self.hessians: dict[str, Array] = {}
        self._waiting: dict[str, list[Array]] = {}

    def add(self, outputs: Iterable[tuple[str, Any]]) -> None:
        for name, rows in outputs:
            waiting = self._waiting.setdefault(name, [])
            waiting.append(rows.copy())
            if sum(map(len, waiting)) >= ROWS_AT_ONCE:
                self._count(name)

    def _count(self, name: str) -> None:
        rows = np.concatenate(self._waiting.pop(name))
        self.histograms.setdefault(name, Histogram()).add(rows)
        energy = rows.T @ rows
        self.hessians[name] = (
            self.hessians[name] + energy if name in self.hessians else energy.astype(float)
        )

    def result(self, sentences: int) -> Observations:
        """All findings, an output's under the name of every product that reads it."""
        for name in list(self._waiting):
            self._count(name)
        split = {name: name.removeprefix(OBSERVED).split("|") for name in self.histograms}
        return Observations(
            sentences=sentences,
            histograms={
                product: self.histograms[name]
                for name, products in split.items()
                for product in products
            },
            hessians={
                product: self.hessians[name] for name in self.hessians for product in split[name]
            },
        )


class _Sessions(Sessions):
    def __init__(self, bundle: Bundle, collector: _Collector) -> None:
        super().__init__(bundle)
        self.collector = collector
        self._seen = observed_outputs(self.encoder)

    def _run_encoder(self, inputs: dict[str, Any]) -> list[Any]:
        outputs = super()._run_encoder(inputs)
        own = len(outputs) - len(self._seen)
        self.collector.add(zip(self._seen, outputs[own:], strict=True))
        return outputs[:own]


class _Batch(Batch):
    """Shows the collector the live rows of every product's input, after every step."""

    def __init__(
        self, sessions: Sessions, session: ort.InferenceSession, beam: int, candidates: int = 0
    ) -> None:
        super().__init__(sessions, session, beam, candidates)
        assert isinstance(sessions, _Sessions)
        self._collector = sessions.collector
        self._seen = observed_outputs(session)

    def _bind(self) -> None:
        before = self._bound
        super()._bind()
        if self._bound != before:
            for name in self._seen:
                self._binding.bind_output(name, "cpu")

    def run(self) -> None:
        super().run()
        found = self._binding.get_outputs()[-len(self._seen) :]
        self._collector.add(
            (name, value.numpy()) for name, value in zip(self._seen, found, strict=True)
        )


def observed_outputs(session: ort.InferenceSession) -> list[str]:
    return [output.name for output in session.get_outputs() if output.name.startswith(OBSERVED)]
