"""What passes between the stages. Every value is immutable and picklable."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters (code points) in a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Protected:
    """What stands in the translation in place of a placeholder, and what kind of thing it is (pipeline/protect.py)."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence of a request, or a part of one that was too long to translate at once.

    `ids` are source token ids without the end symbol; empty where the text is kept as it is
    (blank, punctuation, already English) and no model is asked. `seen` is the normalised text
    with placeholder n for protected[n], as the model sees it but for its own mask symbols.
    """

    text: str
    span: Span
    ids: tuple[int, ...] = ()
    seen: str = ""
    protected: tuple[Protected, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request's text cut into units; `separators` has one more entry than `units`.

    The text is separators[0] + units[0].text + separators[1] + … + separators[n], exactly, where
    each unit's text is the slice of the original that its span names.
    """

    text: str
    units: tuple[Unit, ...]
    separators: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How the engine searches.

    `length_penalty` is the exponent of GNMT's ((5+n)/6)^α; `max_length` counts target tokens with the end
    symbol, and `limit` lowers it for short sentences where `length_ratio` is set. Beam search is CSANMT's
    own (docs/csanmt.md), and beam 1 is not greedy: the search goes on with the runner-up after an end
    symbol. `greedy` takes the best token at each step instead, with one row a sentence whatever
    `beam_size` says. Beam search takes no `no_repeat_ngram` tokens in a row twice, unless that is 0.
    """

    beam_size: int = 4
    length_penalty: float = 0.6
    max_length: int = 128
    greedy: bool = False
    length_ratio: float = 0.0
    length_margin: int = 16
    no_repeat_ngram: int = 0

    def limit(self, source_length: int) -> int:
        """Most target tokens, the end symbol included, for a source of so many tokens.

        The search stops once no hypothesis of this length could still win, so a limit near what a
        translation can need saves most of the steps that a distant one spends on waiting.
        """
        if not self.length_ratio:
            return self.max_length
        return min(self.max_length, int(self.length_ratio * source_length) + self.length_margin)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A finished translation: target ids without the end symbol.

    `score` is log p / ((5+n)/6)^α with n counting the end symbol, or log p / n^α for Marian models; `steps`
    is the number of decoding steps its sentence took; `finished` is false where max_length cut it.
    """

    ids: tuple[int, ...]
    score: float
    steps: int
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Strictness:
    """How a retry searches otherwise than the first try."""

    greedy: bool = False
    no_repeat_ngram: int = 0

    def applied(self, options: DecodingOptions) -> DecodingOptions:
        """The request's options made stricter; they themselves where there is nothing to change."""
        if self == AS_GIVEN:
            return options
        return replace(options, greedy=self.greedy, no_repeat_ngram=self.no_repeat_ngram)


AS_GIVEN = Strictness()


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a unit's `seen` that is decoded alone, or without `ids` stays as it is."""

    text: str
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """Another try for the unit `unit` of a request (pipeline/ladder.py)."""

    unit: int
    remedy: str
    parts: tuple[Part, ...]
    protected: tuple[Protected, ...]
    strictness: Strictness

    @property
    def sentences(self) -> tuple[tuple[int, ...], ...]:
        """What is to be decoded, in order: source ids without the end symbol."""
        return tuple(part.ids for part in self.parts if part.ids)


@dataclass(frozen=True, slots=True)
class Answer:
    """The best translation of a unit so far; `tried` names the retries, whether or not they were better."""

    text: str
    warnings: tuple[str, ...] = ()
    translated: bool = False  # false where the source text stands as it was
    score: float | None = None
    tried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SentenceTranslation:
    """One unit and its translation, with where each stands in the source and target text."""

    source: str
    target: str
    source_span: Span
    target_span: Span
    score: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Translation:
    """The answer to one request."""

    source: str
    text: str
    sentences: tuple[SentenceTranslation, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """The translation as it stands, with one answer a unit, and what would be worth another try."""

    translation: Translation
    answers: tuple[Answer, ...]
    retries: tuple[Retry, ...] = ()
