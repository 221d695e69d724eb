"""Hypotheses to text, whatever the model put out, and what is wrong with their token ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import eq

from pipeline.answer.faults import Fault
from pipeline.answer.translation import Part
from pipeline.decode.options import Hypothesis
from pipeline.text.normalise import visible
from pipeline.text.protect import PLACEHOLDER, placeholder
from pipeline.tokenizers import Tokenizer

LONGEST_PERIOD = 32  # tokens of a repeated phrase
MOST_REPEATS = 8  # that a source which repeats itself is granted
_REPEATS = {1: 6, 2: 4}  # how often a phrase of so many tokens stands in a row in a loop
_REPEATS_OF_LONGER = 3
_REPEATS_OF_SIGNS = 16  # digits and punctuation repeat in numbers, rulers and dot leaders
_LONG_FACTOR, _LONG_EXTRA = 3, 20  # tokens


@dataclass(frozen=True, slots=True)
class Parsed:
    """A part's text, with placeholders, and what was wrong with its token ids."""

    text: str
    warnings: tuple[Fault, ...] = ()


class Parser:
    """Token ids to text; mask symbols become placeholders. Thread-safe."""

    def __init__(
        self, tokenizer: Tokenizer, unknown_id: int, end_id: int, mask_symbols: Sequence[str] = ()
    ) -> None:
        self._placeholders = {
            symbol: placeholder(number) for number, symbol in enumerate(mask_symbols)
        }
        self._masks = re.compile("|".join(map(re.escape, mask_symbols)) or r"(?!)")
        self._tokenizer = tokenizer
        self._unknown_id = unknown_id
        self._end_id = end_id

    def parse(self, part: Part, hypothesis: Hypothesis) -> Parsed:
        """The text of a hypothesis, "" where nothing is left of it. Never raises."""
        ids = list(hypothesis.ids)
        warnings: list[Fault] = []
        if self._end_id in ids:
            ids = ids[: ids.index(self._end_id)]
        if not hypothesis.finished:
            warnings.append(Fault.TRUNCATED)
        if len(ids) > _LONG_FACTOR * len(part.ids) + _LONG_EXTRA:
            warnings.append(Fault.LONG)
        if self._unknown_id in ids:
            warnings.append(Fault.UNKNOWN)
            ids = [i for i in ids if i != self._unknown_id]
        trimmed = self._without_loops(ids, part.text)
        if len(trimmed) < len(ids):
            warnings.append(Fault.LOOP)
        text = PLACEHOLDER.sub("", visible(self._tokenizer.decode(trimmed)))
        text = self._masks.sub(lambda mask: self._placeholders[mask[0]], text)
        if not text:
            warnings.append(Fault.EMPTY)
        return Parsed(text, tuple(warnings))

    def _without_loops(self, ids: list[int], source: str) -> list[int]:
        """The ids with every loop cut to as many rounds as the source makes, at least one."""
        granted: int | None = None
        period = 1
        while period <= min(LONGEST_PERIOD, len(ids) // 2):
            for start, end in _runs(ids, period):
                if granted is None:
                    granted = _rounds(source)
                rounds = (end - start) // period
                if rounds > max(self._harmless(ids[start : start + period]), granted):
                    # A round begun stays where text follows, so that the words around it do not run
                    # together.
                    rest = ids[start + period * rounds :] if end < len(ids) else []
                    ids = ids[: start + period * granted] + rest
                    break
            else:
                period += 1
        return ids

    def _harmless(self, phrase: Sequence[int]) -> int:
        """How often a phrase may stand in a row whatever the source."""
        if not any(character.isalpha() for character in self._tokenizer.decode(phrase)):
            return _REPEATS_OF_SIGNS - 1
        return _REPEATS.get(len(phrase), _REPEATS_OF_LONGER) - 1


def _runs(items: Sequence[object], period: int) -> list[tuple[int, int]]:
    """Maximal ranges in which every item equals the one a period before, at least three periods
    long.
    """
    runs = []
    at = 0
    for same, group in groupby(map(eq, items, items[period:])):
        length = len(list(group))
        if same and length >= 2 * period:
            runs.append((at, at + length + period))
        at += length
    return runs


def _rounds(source: str) -> int:
    """How often the source repeats a phrase of up to eight characters in a row, at most
    MOST_REPEATS.
    """
    rounds = [
        (end - start) // period for period in range(1, 9) for start, end in _runs(source, period)
    ]
    return min(max(rounds, default=1), MOST_REPEATS)
