"""A request ready for the model: its text cut into units.

Every value is immutable and picklable.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters (code points) in a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Protected:
    """What stands for a placeholder in the translation, and its kind (protect.py).

    Where that is not what the source has, `source` is that: a term of a glossary.
    """

    text: str
    kind: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence of a request, or a part of one that was too long to translate at once.

    `ids` are source token ids without the end symbol; empty where the text is kept as it is
    (blank, punctuation, already English) and no model is asked. `seen` is the normalised text with
    placeholder n for protected[n], as the model sees it but for its own mask symbols; it is empty
    where the line has no Chinese at all.
    `warnings` are what makes any translation of it doubtful.
    """

    text: str
    span: Span
    ids: tuple[int, ...] = ()
    seen: str = ""
    protected: tuple[Protected, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that a text took."""

    segmenting: float = 0.0  # finding sentences, and what is to be protected in them
    tokenising: float = 0.0  # normalising and cutting these into units of token ids


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
    spent: Spent = field(default=Spent(), compare=False)
