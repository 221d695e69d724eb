"""The whole translation in one process: text in, text out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.answer.finish import Postprocessor
from pipeline.answer.translation import Translation
from pipeline.bundle import Bundle
from pipeline.decode import canary
from pipeline.decode.engine import Engine, EngineSettings
from pipeline.decode.lanes import Lane, lane_for
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.errors import DeadlineExceeded
from pipeline.text.prepare import Preprocessor
from pipeline.text.sentences import Splitting


class Translator:
    """A bundle ready to translate. Thread-safe.

    A context manager that stops the engine at its end.
    """

    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        self.bundle, self.engine = bundle, engine
        self._prepare = Preprocessor.load(bundle)
        self._finish = Postprocessor.load(bundle)

    @staticmethod
    def load(path: str | Path, settings: EngineSettings | None = None) -> Translator:
        """Verify the bundle's files, open it and replay its canary.

        Raises BundleError if any of it fails.
        """
        bundle = Bundle.load(path)
        engine = Engine.load(bundle, settings)
        canary.replay(engine.sessions)
        return Translator(bundle, engine)

    def translate(
        self,
        text: str,
        *,
        options: DecodingOptions | None = None,
        timeout: float | None = None,
        split_sentences: Splitting = "on",
    ) -> Translation:
        """Translate a text of any length, its layout kept.

        `options` default to the bundle's. Raises InvalidText, and DeadlineExceeded where `timeout`
        seconds do not suffice; time for retries is not waited for.
        """
        given = options or self.engine.defaults
        deadline = None if timeout is None else time.monotonic() + timeout
        prepared = self._prepare(text, split_sentences)
        lane = lane_for(len(prepared.units))
        sentences = [(unit.ids, given) for unit in prepared.units if unit.ids]
        best = iter(self._decode(sentences, deadline, lane))
        review = self._finish.review(
            prepared, [next(best) if unit.ids else None for unit in prepared.units]
        )
        while review.retries:
            retries = review.retries
            sentences = [
                (ids, retry.strictness.applied(given))
                for retry in retries
                for ids in retry.sentences
            ]
            try:
                best = iter(self._decode(sentences, deadline, lane))
            except DeadlineExceeded:
                break
            review = self._finish.again(
                prepared, review, [list(islice(best, len(r.sentences))) for r in retries]
            )
        return review.translation

    def _decode(
        self,
        sentences: Sequence[tuple[tuple[int, ...], DecodingOptions]],
        deadline: float | None,
        lane: Lane,
    ) -> list[Hypothesis]:
        """The best hypothesis of each sentence."""
        timeout = None if deadline is None else deadline - time.monotonic()
        futures = [
            self.engine.submit(ids, options=options, timeout=timeout, lane=lane)
            for ids, options in sentences
        ]
        try:
            return [future.result()[0] for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def nbest(
        self,
        ids: Sequence[Sequence[int]],
        *,
        beam_size: int,
        length_penalty: float,
        max_length: int,
    ) -> list[list[Hypothesis]]:
        """Each sentence's hypotheses, best first, by the rules of the bundle's family
        (docs/csanmt.md).

        `ids` are source ids without the end symbol; `max_length` counts target tokens with it.
        There are at most `beam_size` hypotheses, fewer where fewer finished, and what runs beside a
        sentence does not change them. A blank sentence (no ids) has one, blank too. Raises
        InvalidText for ids or lengths that the bundle does not allow.
        """
        options = DecodingOptions(beam_size, length_penalty, max_length)
        futures = [self.engine.submit(row, options=options) if len(row) else None for row in ids]
        return [list(future.result()) if future else [Hypothesis((), 0.0, 0)] for future in futures]

    def close(self) -> None:
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
