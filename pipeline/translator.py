"""The whole translation in one process: text in, text out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.answer.review import Postprocessor
from pipeline.answer.translation import Translation, Try
from pipeline.bundle import Bundle
from pipeline.decode import canary
from pipeline.decode.engine import Engine, EngineSettings
from pipeline.decode.lanes import Lane, lane_for
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.sessions import Sessions
from pipeline.errors import DeadlineExceeded
from pipeline.glossary import Entry
from pipeline.text.prepare import Preprocessor
from pipeline.text.sentences import Splitting
from pipeline.walk import Walk

# Of texts that are decoded together: enough that batches are full most of the time.
GROUP_CHARACTERS = 8000


class Translator:
    """A bundle ready to translate. Thread-safe.

    A context manager that stops the engine at its end.
    """

    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        self.bundle, self.engine = bundle, engine
        self._preprocessor = Preprocessor.load(bundle)
        self._postprocessor = Postprocessor.load(bundle)

    @staticmethod
    def load(path: str | Path, settings: EngineSettings | None = None) -> Translator:
        """Verify the bundle's files, open it and replay its canary.

        Raises BundleError if any of it fails.
        """
        sessions = Sessions(Bundle.load(path))
        canary.replay(sessions)
        engine = Engine.start(sessions, settings)
        try:
            return Translator(sessions.bundle, engine)
        except BaseException:
            engine.close()
            raise

    def translate(
        self,
        text: str,
        *,
        options: DecodingOptions | None = None,
        timeout: float | None = None,
        split_sentences: Splitting = "on",
        terms: Sequence[Entry] = (),
    ) -> Translation:
        """Translate a text of any length, its layout kept.

        `options` default to the bundle's; `terms` are entries of a glossary, whose translations are
        given. Raises InvalidText, and DeadlineExceeded where `timeout` seconds do not suffice; time
        for retries is not waited for.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        walk = Walk(self._preprocessor.prepare(text, split_sentences, terms))
        self._drive([walk], options or self.engine.defaults, deadline)
        return walk.translation()

    def translate_all(
        self,
        texts: Iterable[str],
        *,
        options: DecodingOptions | None = None,
        split_sentences: Splitting = "on",
    ) -> Iterator[Translation]:
        """The translations of many texts in order, those of a group as soon as it is done.

        What is in a group is decoded together, so that short texts cost no more than long ones.
        Raises InvalidText.
        """
        for group in _groups(texts):
            walks = [Walk(self._preprocessor.prepare(text, split_sentences)) for text in group]
            self._drive(walks, options or self.engine.defaults, None)
            yield from (walk.translation() for walk in walks)

    def _drive(self, walks: Sequence[Walk], given: DecodingOptions, deadline: float | None) -> None:
        """Walk until nothing is due; at the deadline, if each unit has an answer by then."""
        lane = lane_for(sum(len(walk.prepared.units) for walk in walks))
        while due := [(walk, tried) for walk in walks for tried in walk.due()]:
            try:
                decoded = self._decode([tried for _, tried in due], given, deadline, lane)
            except DeadlineExceeded:
                if all(walk.answered for walk in walks):
                    return
                raise
            for (walk, tried), hypotheses in zip(due, decoded, strict=True):
                walk.take(tried, self._postprocessor.review(walk.attempt(tried, hypotheses)))

    def _decode(
        self, tries: Sequence[Try], given: DecodingOptions, deadline: float | None, lane: Lane
    ) -> list[list[Hypothesis]]:
        """For each try the best hypothesis of each of its sentences."""
        timeout = None if deadline is None else deadline - time.monotonic()
        sentences = [
            (ids, tried.strictness.applied(given)) for tried in tries for ids in tried.sentences
        ]
        futures = self.engine.submit_all(sentences, timeout=timeout, lane=lane)
        try:
            best = iter([_best(future, deadline) for future in futures])
            return [list(islice(best, len(tried.sentences))) for tried in tries]
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


def _groups(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in groups of about `GROUP_CHARACTERS`."""
    group, characters = list[str](), 0
    for text in texts:
        group.append(text)
        characters += len(text)
        if characters >= GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _best(future: Future[tuple[Hypothesis, ...]], deadline: float | None) -> Hypothesis:
    """The best hypothesis; raises DeadlineExceeded at the deadline, whatever the engine does."""
    try:
        return future.result(None if deadline is None else max(0, deadline - time.monotonic()))[0]
    except TimeoutError:
        raise DeadlineExceeded("the time given for this translation has passed") from None
