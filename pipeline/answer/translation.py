"""What becomes of a request after the model. Every value is immutable and picklable."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.decode.options import Strictness
from pipeline.text.prepared import Protected, Span


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a unit's `seen` that is decoded alone, or without `ids` stays as it is."""

    text: str
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """Another try for the unit `unit` of a request (pipeline/answer/retries.py)."""

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
    """The best translation of a unit so far.

    `tried` names the retries, whether or not they were better.
    """

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
