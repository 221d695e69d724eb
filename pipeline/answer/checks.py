"""What is looked at in every translated sentence, as a client will read it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence

from pipeline.answer.faults import Fault
from pipeline.answer.marks import lost_markup, lost_words, signs_differ, unpaired
from pipeline.answer.numbers.compare import invented, missing
from pipeline.answer.spans import filled, kept
from pipeline.answer.translation import Attempt
from pipeline.text.normalise import HAN
from pipeline.text.prepared import Protected, Unit
from pipeline.text.protect import PLACEHOLDER, number_of, restore

logger = logging.getLogger(__name__)

MASKED = frozenset(("number", "word"))  # kinds of spans that only a retry protects
_SHORT_FROM, _SHORT_FACTOR = 8, 0.36  # source tokens; target tokens a source token
_LETTERS = re.compile(r"[^\W_]")


def check(attempt: Attempt, target: str) -> tuple[Fault, ...]:
    """The faults of an attempt's translation, which has placeholders for the try's spans.

    It is held against the source sentence, whatever the try was shown of it. Never raises: a
    check that fails itself leaves "unchecked".
    """
    try:
        return tuple(_faults(attempt, target))
    except Exception as error:  # whatever is wrong with a check, the answer stands
        logger.error("a check failed: %s", type(error).__name__)
        return (Fault.UNCHECKED,)


def _faults(attempt: Attempt, target: str) -> Iterator[Fault]:
    unit, protected = attempt.unit, attempt.tried.protected
    if not (kept(target, protected) and filled(_shown(attempt), target, protected)):
        yield Fault.PROTECTED
    words = _without_spans(target, protected)
    if not _LETTERS.search(words):
        yield Fault.EMPTY
        return
    if HAN.search(words):
        yield Fault.COPIED if copied(words) else Fault.CHINESE
    length = sum(len(hypothesis.ids) for hypothesis in attempt.hypotheses)
    if len(unit.ids) >= _SHORT_FROM and length < _SHORT_FACTOR * len(unit.ids):
        yield Fault.SHORT
    whole, restored = source_text(unit), restore(target, protected)
    if missing(whole, restored) or invented(whole, restored):
        yield Fault.NUMBERS
    source = _without_spans(unit.seen, unit.protected)
    if lost_words(source, words):
        yield Fault.WORDS
    if unpaired(source, words) or lost_markup(source, words):
        yield Fault.MARKS
    if signs_differ(source, words):
        yield Fault.SIGNS


def source_text(unit: Unit) -> str:
    """The normalised source with its protected spans in their places."""
    return restore(unit.seen, unit.protected)


def copied(target: str) -> bool:
    """Whether an English text is mostly Chinese."""
    return 2 * len(HAN.findall(target)) > len(_LETTERS.findall(target))


def _shown(attempt: Attempt) -> str:
    """The source with the placeholders of the try."""
    only, *others = attempt.tried.parts
    return attempt.unit.seen if others or not attempt.tried.remedy else only.text


def _without_spans(text: str, protected: Sequence[Protected]) -> str:
    """The text with blanks in place of its spans, but for numbers and words that a retry masked."""

    def said(mark: re.Match[str]) -> str:
        number = number_of(mark[0])
        span = protected[number] if number < len(protected) else None
        return span.text if span and span.kind in MASKED else " "

    return PLACEHOLDER.sub(said, text)
