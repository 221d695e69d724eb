"""A sentence as the model sees it: normalised, its protected spans masked, as token ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from pipeline.bundle import Bundle
from pipeline.text.found import Found
from pipeline.text.normalise import HAN, Normaliser
from pipeline.text.prepared import Protected, Span, Unit
from pipeline.text.protect import PLACEHOLDER, carried, hide, number_of, placeholder
from pipeline.text.wrap import wrap
from pipeline.tokenizers import Tokenizer, load_tokenizer

MOST_MASKS = 8  # in a unit, where the model has no symbols to count


class Encoder:
    """Sentences to units. A model without mask symbols is shown the spans themselves.

    Thread-safe.
    """

    def __init__(self, tokenizer: Tokenizer, limit: int, mask_symbols: Sequence[str] = ()) -> None:
        """`limit`: most source tokens a unit."""
        self._tokenizer = tokenizer
        self._normaliser = Normaliser()
        self._symbols = tuple(mask_symbols)
        self.limit = limit
        self.most_masks = len(mask_symbols) or MOST_MASKS

    @staticmethod
    def load(bundle: Bundle) -> Encoder:
        """Raises BundleError if the bundle's vocabularies cannot be read."""
        manifest = bundle.manifest
        return Encoder(
            load_tokenizer(bundle),
            manifest.decoding.max_source_length,
            manifest.tokenizer.mask_symbols,
        )

    def units(self, text: str, sentence: Span, found: Sequence[Found]) -> Iterator[Unit]:
        """The sentence in units of at most `limit` tokens and `most_masks` spans.

        `found` lie within it.
        """
        hidden = hide(text, sentence, found)
        spans = [carried(text[span.start : span.end], span.kind) for span in found]

        def encode(part: str) -> list[int]:
            return list(self.ids(*self._seen(part, spans)))

        end, passed = sentence.start, 0  # in the text; spans that came before
        at = 0  # in `hidden`
        for part, ids in wrap(hidden, encode, self._tokenizer.count, self.limit, self._fits):
            piece = hidden[part.start : part.end]
            start = end + part.start - at
            end = start + len(piece)
            for _ in PLACEHOLDER.findall(piece) if found else ():
                end += found[passed].end - found[passed].start - 1
                passed += 1
            at = part.end
            seen, protected = self._seen(piece, spans) if ids else ("", ())
            yield Unit(text[start:end], Span(start, end), tuple(ids), seen, protected)

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
        """A text with placeholders in parts of at most so many tokens, cut at best boundaries."""

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
        return (
            (self._normaliser.normalise(part), protected) if HAN.search(part) else (part, protected)
        )

    def _fits(self, part: str) -> bool:
        return len(PLACEHOLDER.findall(part)) <= self.most_masks or not HAN.search(part)
