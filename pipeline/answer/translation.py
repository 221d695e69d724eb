"""What becomes of a request after the model. Every value is immutable and picklable."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.decode.options import AS_GIVEN, Hypothesis, Strictness
from pipeline.text.prepared import Protected, Span, Unit


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a unit that is decoded alone, or without `ids` stays as it is."""

    text: str
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Try:
    """One way to translate a unit; every try but the first has the `remedy` that it applies.

    `unit` is the unit's place in its request. `protected` are the spans that stand behind the
    placeholders of this try, which may be others than the unit's own (retries.py).
    """

    unit: int
    parts: tuple[Part, ...]
    protected: tuple[Protected, ...]
    strictness: Strictness = AS_GIVEN
    remedy: str = ""

    @property
    def sentences(self) -> tuple[tuple[int, ...], ...]:
        """What is to be decoded, in order: source ids without the end symbol."""
        return tuple(part.ids for part in self.parts if part.ids)


def first_try(place: int, unit: Unit) -> Try:
    """The unit as it was prepared."""
    return Try(place, (Part(unit.text, unit.ids),), unit.protected)


@dataclass(frozen=True, slots=True)
class Answer:
    """The best translation of a unit so far.

    `translated` is false where the source text stands as it was. `score` is the mean over the
    parts of the length-normalised log-probability; None where no model was asked. `tried` names
    the remedies that were applied, whether or not they helped.
    """

    text: str
    warnings: tuple[str, ...] = ()
    translated: bool = False
    score: float | None = None
    tried: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()  # other translations that pass as many checks, best first


@dataclass(frozen=True, slots=True)
class Attempt:
    """A unit, what was tried for it, and the best hypothesis of each sentence of that try.

    `opens` says whether the translation begins as a sentence does, `best` is the answer of
    earlier tries. `others` are further hypotheses where the try has one sentence and they were
    asked for.
    """

    unit: Unit
    tried: Try
    hypotheses: tuple[Hypothesis, ...]
    opens: bool
    best: Answer | None = None
    others: tuple[Hypothesis, ...] = ()

    def by_part(self) -> list[tuple[Part, Hypothesis | None]]:
        """The try's parts with their hypotheses, None for those that stay as they are.

        Raises ValueError unless there is one hypothesis for each sentence of the try.
        """
        if len(self.hypotheses) != len(self.tried.sentences):
            raise ValueError(f"{len(self.hypotheses)} hypotheses for {len(self.tried.sentences)}")
        given = iter(self.hypotheses)
        return [(part, next(given) if part.ids else None) for part in self.tried.parts]


@dataclass(frozen=True, slots=True)
class Review:
    """The better of an attempt's answer and the one before, and what is worth another try."""

    answer: Answer
    next_try: Try | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a glossary that a sentence has, and whether its translation has what it must."""

    source: str
    target: str
    applied: bool


@dataclass(frozen=True, slots=True)
class SentenceTranslation:
    """One unit and its translation, with where each stands in the source and target text.

    `before` is what stands between the target before and this one.
    """

    source: str
    target: str
    source_span: Span
    target_span: Span
    score: float | None = None
    warnings: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    before: str = ""
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Translation:
    """The answer to one request."""

    source: str
    text: str
    sentences: tuple[SentenceTranslation, ...] = ()
    warnings: tuple[str, ...] = ()
