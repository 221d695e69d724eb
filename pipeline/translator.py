"""The whole translation in one process: text in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline import canary
from pipeline.bundle import Bundle
from pipeline.engine import Engine, EngineSettings, Lane
from pipeline.postprocess import Postprocessor
from pipeline.preprocess import Preprocessor
from pipeline.types import DecodingOptions, Hypothesis, Translation

BULK_UNITS = 8  # a text of more sentences is a document: one-line requests go ahead of it


def lane_for(units: int) -> Lane:
    """The engine's lane for a request of so many sentences."""
    return "bulk" if units > BULK_UNITS else "interactive"


class Translator:
    """A bundle ready to translate. Thread-safe; a context manager that stops the engine at its end."""

    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        self.bundle, self.engine = bundle, engine
        self._prepare = Preprocessor.load(bundle)
        self._finish = Postprocessor.load(bundle)

    @staticmethod
    def load(path: str | Path, settings: EngineSettings | None = None) -> Translator:
        """Verify the bundle's files, open it and replay its canary; raises BundleError if any of it fails."""
        bundle = Bundle.load(path)
        engine = Engine.load(bundle, settings)
        canary.replay(engine.sessions)
        return Translator(bundle, engine)

    def translate(
        self, text: str, *, options: DecodingOptions | None = None, timeout: float | None = None
    ) -> Translation:
        """Translate a text of any length, its layout kept.

        `options` default to the bundle's. Raises InvalidText, and DeadlineExceeded after `timeout` seconds.
        """
        prepared = self._prepare(text)
        lane = lane_for(len(prepared.units))
        futures = [
            self.engine.submit(unit.ids, options=options, timeout=timeout, lane=lane) if unit.ids else None
            for unit in prepared.units
        ]
        try:
            best = [future.result()[0] if future else None for future in futures]
        finally:
            for future in futures:
                if future:
                    future.cancel()
        return self._finish(prepared, best)

    def nbest(
        self, ids: Sequence[Sequence[int]], *, beam_size: int, length_penalty: float, max_length: int
    ) -> list[list[Hypothesis]]:
        """Each sentence's hypotheses, best first, by the rules of the bundle's family (docs/csanmt.md).

        `ids` are source ids without the end symbol; `max_length` counts target tokens with it. There are
        at most `beam_size` hypotheses, fewer where fewer finished, and what runs beside a sentence does not
        change them. A blank sentence (no ids) has one, blank too. Raises InvalidText for ids or lengths
        that the bundle does not allow.
        """
        options = DecodingOptions(beam_size, length_penalty, max_length)
        futures = [self.engine.submit(row, options=options) if len(row) else None for row in ids]
        return [list(future.result()) if future else [Hypothesis((), 0.0, 0)] for future in futures]

    def close(self) -> None:
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
