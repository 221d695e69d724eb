"""Answers in the layout of their source, and what the layout says of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from pipeline.answer.english import ends_sentence, marker
from pipeline.answer.translation import Answer, SentenceTranslation, Translation
from pipeline.text.lines import layout_end, parts_cells
from pipeline.text.normalise import BLANKS, CLOSING, LINE_END, OPENING
from pipeline.text.prepared import Prepared, Span
from pipeline.text.structure import fitted, set_apart

_NO_SPACE_BEFORE = CLOSING + ",.;:!?，。；：！？、<"
_NO_SPACE_AFTER = OPENING + ">"


def capitals(prepared: Prepared) -> list[bool]:
    """For each unit, whether its translation begins as a sentence does."""
    joins = [False, *map(_joins, prepared.separators[1:-1]), False]
    capitals = []
    ended = True
    for i, unit in enumerate(prepared.units):
        opens = ended or not joins[i]
        ended = ends_sentence(unit.text)
        # A sentence has a capital; a heading, a cell or a word alone has what the model gave it.
        capitals.append(opens and (ended or joins[i] or joins[i + 1]))
    return capitals


def laid_out(prepared: Prepared, answers: Sequence[Answer]) -> Translation:
    """The answers in the layout of their source."""
    answers = [
        replace(answer, text=fitted(answer.text, *around)) if answer.translated else answer
        for answer, around in zip(answers, pairwise(prepared.separators), strict=True)
    ]
    separators = _separators(prepared.separators, answers)
    pieces = [separators[0]]
    offset = len(separators[0])
    sentences = []
    for unit, answer, separator in zip(prepared.units, answers, separators[1:], strict=True):
        span = Span(offset, offset + len(answer.text))
        sentences.append(
            SentenceTranslation(
                unit.text, answer.text, unit.span, span, answer.score, answer.warnings
            )
        )
        pieces += [answer.text, separator]
        offset = span.end + len(separator)
    warnings = dict.fromkeys(
        [*prepared.warnings, *(name for answer in answers for name in answer.warnings)]
    )
    return Translation(prepared.text, "".join(pieces), tuple(sentences), tuple(warnings))


def _joins(separator: str) -> bool:
    """Whether what stands on either side is running text, not another line or cell."""
    return not (LINE_END.search(separator) or parts_cells(separator))


def _separators(separators: Sequence[str], answers: Sequence[Answer]) -> list[str]:
    """The separators as they stand between the answers."""
    if not answers:
        return list(separators)
    inner = map(_between, answers[:-1], separators[1:-1], answers[1:])
    return [_line_start(separators[0], answers[0]), *inner, _line_end(separators[-1])]


def _line_start(separator: str, right: Answer) -> str:
    """What stands before the first target of a line: its marker is English if the target is."""
    start = max((found.end() for found in LINE_END.finditer(separator)), default=0)
    end = start + layout_end(separator[start:])
    if not right.translated or end == start:
        return separator
    return separator[:start] + marker(separator[start:end]) + separator[end:]


def _line_end(separator: str) -> str:
    """What stands behind the last target of a line."""
    line_end = LINE_END.search(separator)
    end = line_end.start() if line_end else len(separator)
    frame = separator[:end].rstrip(BLANKS)
    english = set_apart(frame).rstrip() if frame else ""
    return english + separator[len(frame) :]


def _between(left: Answer, separator: str, right: Answer) -> str:
    """What stands between two answers: the source's separator, with a space where English needs
    one.
    """
    if not (left.translated or right.translated):
        return separator
    if LINE_END.search(separator):
        return _line_start(_line_end(separator), right)
    if separator.strip(BLANKS):
        return set_apart(separator)
    if any(character.isspace() for character in separator):
        return separator.replace("\u3000", " ")
    # With a kept neighbour such as "）" or "</b>" on the side that clings, English has no space
    # either.
    clings = (not right.translated and right.text[0] in _NO_SPACE_BEFORE) or (
        not left.translated and left.text[-1] in _NO_SPACE_AFTER
    )
    return separator if clings else separator + " "
