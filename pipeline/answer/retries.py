"""The next try for a sentence whose translation failed a check: stricter, or another way around.

1. "around": what stands between the protected spans is translated alone, the spans stay where they
   were;
2. "masked": the numbers that were lost are masked, and come back as English writes them;
3. "no-repeat": the search takes no three tokens in a row twice;
4. "greedy": the best token at each step;
5. "split": the sentence is cut in the middle, at its best boundary.

Each is tried once at most, and only so many a sentence; ordinary text meets none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.answer.checks import SEVERITY
from pipeline.answer.numbers.chinese.reader import quantities
from pipeline.answer.numbers.compare import missing
from pipeline.answer.translation import Answer, Part, Retry
from pipeline.decode.options import Strictness
from pipeline.text.prepared import Protected, Unit
from pipeline.text.protect import PLACEHOLDER, number_of, placeholder
from pipeline.text.units import Encoder

TRIES = 2  # of a sentence, after the first
NO_REPEAT = 3  # tokens
_SPLIT_FROM = 6  # tokens of a sentence that may be cut
_REMEDIES = {
    "empty": ("around", "greedy", "split"),
    "copied": ("around", "greedy", "split"),
    "protected": ("around",),
    "truncated": ("no-repeat",),
    "loop": ("no-repeat",),
    "chinese": ("greedy", "split"),
    "short": ("split", "greedy"),
    "long": ("no-repeat",),
    "numbers": ("masked",),
    "unknown": ("greedy",),
}


class Ladder:
    """Calling it gives the next try, or None where the answer stays as it is. Thread-safe."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def __call__(self, index: int, unit: Unit, answer: Answer) -> Retry | None:
        """`index` is the unit's place in its request."""
        if len(answer.tried) >= TRIES:
            return None
        for warning in sorted(answer.warnings, key=lambda name: -SEVERITY[name]):
            for remedy in _REMEDIES[warning]:
                if remedy not in answer.tried and (
                    retry := self._retry(index, unit, answer, remedy)
                ):
                    return retry
        return None

    def _retry(self, index: int, unit: Unit, answer: Answer, remedy: str) -> Retry | None:
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
        retry = Retry(index, remedy, parts, protected, strictness)
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
    """The unit with the numbers masked that its translation lacks; all placeholders numbered anew.

    All numbers are, where it lacks none but has one too many.
    """
    pieces: list[str] = []
    protected: list[Protected] = []
    lost = missing(unit.seen, translation)
    at = 0
    for number in lost or quantities(unit.seen):
        start, end = number.start, number.end
        wanted = number.english and (lost or number.certain)
        hidden = PLACEHOLDER.findall(unit.seen[at:])
        if wanted and len(protected) + len(hidden) < most:
            pieces += [
                _renumbered(unit.seen[at:start], unit, protected),
                placeholder(len(protected)),
            ]
            protected.append(Protected(number.english, "number"))
            at = end
    return "".join([*pieces, _renumbered(unit.seen[at:], unit, protected)]), tuple(protected)


def _renumbered(text: str, unit: Unit, protected: list[Protected]) -> str:
    """The text with placeholders numbered from the end of `protected`, where their spans are added."""

    def add(mark: re.Match[str]) -> str:
        protected.append(unit.protected[number_of(mark[0])])
        return placeholder(len(protected) - 1)

    return PLACEHOLDER.sub(add, text)
