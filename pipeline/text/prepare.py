"""A request's text cut into units of token ids, every character accounted for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from pipeline.bundle import Bundle
from pipeline.glossary import Entry
from pipeline.text.found import Found, within
from pipeline.text.normalise import HAN, LINE_END, check
from pipeline.text.prepared import Prepared, Span, Spent, Unit
from pipeline.text.protect import MOST, find
from pipeline.text.sentences import Splitting, sentences
from pipeline.text.terms import Terms
from pipeline.text.units import UnitEncoder


class Preprocessor:
    """What is done with a text before the model. Thread-safe."""

    def __init__(self, encoder: UnitEncoder) -> None:
        self._encoder = encoder

    @staticmethod
    def load(bundle: Bundle) -> Preprocessor:
        """Raises BundleError if the bundle's vocabularies cannot be read."""
        preprocessor = Preprocessor(UnitEncoder.load(bundle))
        preprocessor.prepare("好")  # loads what the first request would wait for
        return preprocessor

    def prepare(
        self, text: str, split_sentences: Splitting = "on", terms: Sequence[Entry] = ()
    ) -> Prepared:
        """Cut and tokenise; a sentence that was too long for the model gives the warning "split".

        `terms` are entries of a glossary, whose translations are given. Raises InvalidText for NUL
        and lone surrogates.
        """
        check(text)
        started = time.perf_counter()
        found = self._encoder.unreadable.spans(text, find(text))
        if terms:
            found = Terms(terms).spans(text, found)
        units: list[Unit] = []
        separators: list[str] = []
        cut = list(sentences(text, split_sentences, found))
        segmented = time.perf_counter()
        end, line, chinese = 0, Span(0, 0), False
        for sentence in cut:
            if sentence.end > line.end:
                line, chinese = _line(text, sentence)
            spans = within(found, sentence.start, sentence.end)
            for unit in self._units(text, sentence, spans, chinese):
                separators.append(text[end : unit.span.start])
                units.append(unit)
                end = unit.span.end
        separators.append(text[end:])
        warnings = ("split",) if len(units) > len(cut) else ()
        spent = Spent(segmented - started, time.perf_counter() - segmented)
        return Prepared(text, tuple(units), tuple(separators), warnings, spent)

    def _units(
        self, text: str, sentence: Span, found: Sequence[Found], chinese: bool
    ) -> Iterator[Unit]:
        start = sentence.start
        while len(found) > MOST:
            portion = Span(start, found[MOST].start)
            yield from self._encoder.units(text, portion, found[:MOST], beside_chinese=chinese)
            start, found = portion.end, found[MOST:]
        yield from self._encoder.units(
            text, Span(start, sentence.end), found, beside_chinese=chinese
        )


def _line(text: str, sentence: Span) -> tuple[Span, bool]:
    """The rest of the line, or lines, of a sentence, and whether Chinese stands there."""
    line_end = LINE_END.search(text, sentence.end)
    line = Span(sentence.start, line_end.start() if line_end else len(text))
    return line, bool(HAN.search(text, line.start, line.end))
