"""The next try for a sentence whose translation failed a check: stricter, or another way around.

1. "around": what stands between the protected spans is translated alone, the spans stay where they
   were;
2. "masked": the numbers and Latin words that were lost are masked; the numbers come back as
   English writes them, the words as they were;
3. "no-repeat": the search takes no three tokens in a row twice;
4. "greedy": the best token at each step;
5. "split": the sentence is cut in the middle, at its best boundary.

Each is tried once at most, and only so many a sentence; ordinary text meets none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.answer.checks import source_text
from pipeline.answer.faults import SEVERITY, Fault
from pipeline.answer.marks import lost_words
from pipeline.answer.numbers.chinese.reader import quantities
from pipeline.answer.numbers.compare import invented, missing
from pipeline.answer.translation import Answer, Part, Try
from pipeline.decode.options import Strictness
from pipeline.text.prepared import Protected, Unit
from pipeline.text.protect import PLACEHOLDER, number_of, placeholder
from pipeline.text.units import UnitEncoder

TRIES = 2  # of a sentence, after the first
NO_REPEAT = 3  # tokens
_SPLIT_FROM = 6  # tokens of a sentence that may be cut
Masked = tuple[int, int, Protected]  # from, to, and what is restored
_REMEDIES: dict[Fault, tuple[str, ...]] = {
    Fault.EMPTY: ("around", "greedy", "split"),
    Fault.COPIED: ("around", "greedy", "split"),
    Fault.PROTECTED: ("around",),
    Fault.TRUNCATED: ("no-repeat",),
    Fault.LOOP: ("no-repeat",),
    Fault.CHINESE: ("greedy", "split"),
    Fault.SHORT: ("split", "greedy"),
    Fault.LONG: ("no-repeat",),
    Fault.NUMBERS: ("masked",),
    Fault.WORDS: ("masked",),
    Fault.MARKS: (),
    Fault.SIGNS: (),
    Fault.UNKNOWN: ("greedy",),
    Fault.RARE: (),
    Fault.UNCHECKED: (),
}


class Ladder:
    """Which remedy is tried next. Thread-safe."""

    def __init__(self, encoder: UnitEncoder) -> None:
        self._encoder = encoder

    def next_try(self, place: int, unit: Unit, answer: Answer) -> Try | None:
        """The next try for a unit, or None where its answer stays as it is.

        `place` is the unit's in its request.
        """
        if len(answer.tried) >= TRIES:
            return None
        for fault in sorted(map(Fault, answer.warnings), key=lambda fault: -SEVERITY[fault]):
            for remedy in _REMEDIES[fault]:
                if remedy not in answer.tried and (
                    retry := self._retry(place, unit, answer, remedy)
                ):
                    return retry
        return None

    def _retry(self, place: int, unit: Unit, answer: Answer, remedy: str) -> Try | None:
        parts: tuple[Part, ...] = (Part(unit.seen, unit.ids),)
        protected, strictness = unit.protected, Strictness()
        if remedy == "around":
            parts = tuple(self._around(unit))
        elif remedy == "split":
            parts = tuple(self._split(unit))
        elif remedy == "masked":
            seen, protected = _masked(unit, answer.text, self._encoder.most_masks)
            parts = (Part(seen, self._encoder.ids(seen, protected)),)
        elif remedy == "greedy":
            strictness = Strictness(greedy=True)
        else:
            strictness = Strictness(no_repeat_ngram=NO_REPEAT)
        retry = Try(place, parts, protected, strictness, remedy)
        changed = strictness != Strictness() or [part.text for part in parts] != [unit.seen]
        within_limits = all(len(ids) <= self._encoder.limit for ids in retry.sentences)
        return retry if changed and within_limits and retry.sentences else None

    def _around(self, unit: Unit) -> Iterator[Part]:
        if not unit.protected:
            yield Part(unit.seen, unit.ids)
            return
        at = 0
        for mark in [*PLACEHOLDER.finditer(unit.seen), None]:
            text = unit.seen[at : mark.start() if mark else len(unit.seen)]
            yield Part(text, self._encoder.ids(text, ()))
            if mark:
                yield Part(mark[0])
                at = mark.end()

    def _split(self, unit: Unit) -> Iterator[Part]:
        if len(unit.ids) < _SPLIT_FROM:
            return
        for text, ids in self._encoder.parts(unit.seen, unit.protected, len(unit.ids) // 2 + 1):
            yield Part(text, ids)


def _masked(unit: Unit, translation: str, most: int) -> tuple[str, tuple[Protected, ...]]:
    """The unit with what its translation lacks masked; all placeholders numbered anew."""
    pieces: list[str] = []
    protected: list[Protected] = []
    at = 0
    for start, end, shown in sorted([*_numbers(unit, translation), *_words(unit, translation)]):
        hidden = PLACEHOLDER.findall(unit.seen[at:])
        if start >= at and len(protected) + len(hidden) < most:
            pieces += [
                _renumbered(unit.seen[at:start], unit, protected),
                placeholder(len(protected)),
            ]
            protected.append(shown)
            at = end
    return "".join([*pieces, _renumbered(unit.seen[at:], unit, protected)]), tuple(protected)


def _numbers(unit: Unit, translation: str) -> Iterator[Masked]:
    """The numbers that a translation lacks; all, where it lacks none but has one too many."""
    whole = source_text(unit)
    lost = {number.english for number in missing(whole, translation)}
    if not lost and not invented(whole, translation):
        return
    for number in quantities(unit.seen):
        wanted = number.english in lost if lost else number.certain
        if number.english and wanted:
            yield number.start, number.end, Protected(number.english, "number")


def _words(unit: Unit, translation: str) -> Iterator[Masked]:
    """The Latin words that a translation lacks."""
    for start, end in lost_words(unit.seen, translation):
        yield start, end, Protected(unit.seen[start:end], "word")


def _renumbered(text: str, unit: Unit, protected: list[Protected]) -> str:
    """The text with placeholders numbered on from `protected`, where their spans are added."""

    def add(mark: re.Match[str]) -> str:
        protected.append(unit.protected[number_of(mark[0])])
        return placeholder(len(protected) - 1)

    return PLACEHOLDER.sub(add, text)
