"""A request's text cut into units of token ids, every character accounted for."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline import tokenizer
from pipeline.bundle import Bundle
from pipeline.normalise import HAN, Normaliser, checked
from pipeline.segment import sentences
from pipeline.tokenizer import Tokenizer
from pipeline.types import Prepared, Span, Unit
from pipeline.wrap import wrap


class Preprocessor:
    """Text in, `Prepared` out. Thread-safe."""

    def __init__(self, tokenizer: Tokenizer, max_source_length: int) -> None:
        self._tokenizer = tokenizer
        self._normalise = Normaliser()
        self._max_source_length = max_source_length

    @staticmethod
    def load(bundle: Bundle) -> Preprocessor:
        """Raises BundleError if the bundle's vocabularies cannot be read."""
        preprocessor = Preprocessor(tokenizer.load(bundle), bundle.manifest.decoding.max_source_length)
        preprocessor("好")  # loads what the first request would wait for
        return preprocessor

    def __call__(self, text: str) -> Prepared:
        """Cut and tokenise; a sentence that was too long for the model gives the warning "split".

        Raises InvalidText for NUL and lone surrogates.
        """
        text = checked(text)
        units: list[Unit] = []
        separators: list[str] = []
        sentence_count = end = 0
        for sentence in sentences(text):
            sentence_count += 1
            for unit in self._units(text, sentence):
                separators.append(text[end : unit.span.start])
                units.append(unit)
                end = unit.span.end
        separators.append(text[end:])
        warnings = ("split",) if len(units) > sentence_count else ()
        return Prepared(text, tuple(units), tuple(separators), warnings)

    def _units(self, text: str, sentence: Span) -> Iterator[Unit]:
        for part, ids in wrap(
            text[sentence.start : sentence.end], self._encode, self._tokenizer.count, self._max_source_length
        ):
            span = Span(sentence.start + part.start, sentence.start + part.end)
            yield Unit(text[span.start : span.end], span, tuple(ids))

    def _encode(self, part: str) -> list[int]:
        """Ids as the model sees the part; none where there is no Chinese to translate."""
        return self._tokenizer.encode(self._normalise(part)) if HAN.search(part) else []
