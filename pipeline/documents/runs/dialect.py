"""The names that a kind of runs has for its elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of one kind of runs; all are qualified tags."""

    run: str
    properties: str
    text: str
    characters: Mapping[str, str] = field(default_factory=dict)  # elements for line ends and tabs
    beside_runs: frozenset[str] = frozenset()  # elements for line ends that stand between runs
    pairs: frozenset[str] = frozenset()  # hold runs
    holders: Mapping[str, str] = field(default_factory=dict)  # pairs whose runs are in a child
    bases: Mapping[str, str] = field(default_factory=dict)  # stand in runs, their text in a child
    head: frozenset[str] = frozenset()  # stay at the paragraph's start
    tail: frozenset[str] = frozenset()  # stay at its end
    dropped: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()  # are part of a sentence, such as formulas
    field_mark: str = ""  # begins, parts and ends a field
    field_kind: str = ""  # its attribute that says which
    spaced: bool = True  # blanks at the edges of a text need xml:space
    unseen: frozenset[str] = frozenset()  # elements and attributes of a style that nobody sees
