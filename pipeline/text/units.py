"""A sentence as the model sees it: normalised, its protected spans masked, as token ids."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, count

from pipeline.bundle import Bundle
from pipeline.text.found import Found
from pipeline.text.normalise import HAN, Normaliser
from pipeline.text.prepared import Protected, Span, Unit
from pipeline.text.protect import PLACEHOLDER, carried, hide, number_of, placeholder
from pipeline.text.unreadable import Unreadable
from pipeline.text.wrap import wrap
from pipeline.tokenizers import Tokenizer, load_tokenizer

MOST_MASKS = 8  # in a unit, where the model has no symbols to count


class UnitEncoder:
    """Sentences to units. A model without mask symbols is shown the spans themselves.

    Thread-safe.
    """

    def __init__(self, tokenizer: Tokenizer, limit: int, mask_symbols: Sequence[str] = ()) -> None:
        """`limit`: most source tokens a unit."""
        self._tokenizer = tokenizer
        self._normaliser = Normaliser()
        self._symbols = tuple(mask_symbols)
        self.unreadable = Unreadable(tokenizer.reads)
        self.limit = limit
        self.most_masks = len(mask_symbols) or MOST_MASKS

    @staticmethod
    def load(bundle: Bundle) -> UnitEncoder:
        """Raises BundleError if the bundle's vocabularies cannot be read."""
        manifest = bundle.manifest
        return UnitEncoder(
            load_tokenizer(bundle),
            manifest.decoding.max_source_length,
            manifest.tokenizer.mask_symbols,
        )

    def units(
        self, text: str, sentence: Span, found: Sequence[Found], *, beside_chinese: bool
    ) -> Iterator[Unit]:
        """The sentence in units of at most `limit` tokens and `most_masks` spans.

        `found` are the spans to protect, all within the sentence; `beside_chinese` says whether its
        line has Chinese.
        """
        hidden = hide(text, sentence, found)
        spans = [carried(text, span) for span in found]
        origin = _origin(hidden, sentence, found)

        def encode(part: str) -> list[int]:
            return list(self.ids(*self._seen(part, spans)))

        for part, ids in wrap(hidden, encode, self._tokenizer.count, self.limit, self._fits):
            source = Span(origin(part.start), origin(part.end))
            piece = hidden[part.start : part.end]
            seen, protected = self._seen(piece, spans) if beside_chinese else ("", ())
            rare = ("rare",) if self.unreadable.rare(seen) else ()
            yield Unit(text[source.start : source.end], source, tuple(ids), seen, protected, rare)

    def ids(self, seen: str, protected: Sequence[Protected]) -> tuple[int, ...]:
        """Token ids of a text with placeholders; none where there is no Chinese to translate."""
        if not HAN.search(seen):
            return ()
        if protected:
            shown = self._symbols or [span.text for span in protected]
            seen = PLACEHOLDER.sub(lambda found: "".join(shown[number_of(found[0]) :][:1]), seen)
        return tuple(self._tokenizer.encode(seen))

    def parts(
        self, seen: str, protected: Sequence[Protected], limit: int
    ) -> Iterator[tuple[str, tuple[int, ...]]]:
        """A text with placeholders in parts of at most `limit` tokens, cut at good boundaries."""

        def encode(part: str) -> list[int]:
            return list(self.ids(part, protected))

        for span, ids in wrap(seen, encode, self._tokenizer.count, limit):
            yield seen[span.start : span.end], tuple(ids)

    def _seen(self, part: str, spans: Sequence[Protected]) -> tuple[str, tuple[Protected, ...]]:
        """The normalised part, its placeholders numbered anew, and what these stand for."""
        protected = (
            tuple(spans[number_of(mark)] for mark in PLACEHOLDER.findall(part)) if spans else ()
        )
        numbers = count()
        if protected:
            part = PLACEHOLDER.sub(lambda _: placeholder(next(numbers)), part)
        return (self._normaliser.normalise(part) if HAN.search(part) else part), protected

    def _fits(self, part: str) -> bool:
        return len(PLACEHOLDER.findall(part)) <= self.most_masks or not HAN.search(part)


def _origin(hidden: str, sentence: Span, found: Sequence[Found]) -> Callable[[int], int]:
    """Where a place of the hidden sentence is in the text that it was made of."""
    marks = [mark.start() for mark in PLACEHOLDER.finditer(hidden)] if found else []
    shrunk = [0, *accumulate(span.end - span.start - 1 for span in found)]
    return lambda place: sentence.start + place + shrunk[bisect_left(marks, place)]
