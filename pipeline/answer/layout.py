"""Answers in the layout of their source, and what the layout says of a sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pipeline.answer.english import ends_sentence, marker, punctuated
from pipeline.answer.translation import Answer, SentenceTranslation, Term, Translation
from pipeline.text.found import TERM
from pipeline.text.lines import layout_end, parts_cells
from pipeline.text.normalise import BLANKS, CLOSING, LINE_END, OPENING
from pipeline.text.prepared import Prepared, Span, Unit
from pipeline.text.protect import restore
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


def kept(unit: Unit) -> Answer:
    """The answer for a unit that no model is asked for.

    It stays as it is, but beside Chinese it has the punctuation of a translation.
    """
    if not unit.seen:
        return Answer(unit.text)
    return Answer(restore(punctuated(unit.seen), unit.protected), translated=True)


def terms(unit: Unit, translation: str) -> tuple[Term, ...]:
    """The terms of a glossary in a unit: those that the translation has as often as the unit."""
    wanted = Counter((span.source, span.text) for span in unit.protected if span.kind == TERM)
    return tuple(
        Term(source, target, translation.count(target) >= times)
        for (source, target), times in wanted.items()
    )


class Layout:
    """Puts the answers of a request one after another into the layout of their source."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._pieces: list[str] = []
        self._length = 0  # of the pieces, in characters
        self._placed: list[tuple[Answer, SentenceTranslation]] = []

    @property
    def count(self) -> int:
        """How many answers were placed."""
        return len(self._placed)

    def place(self, answer: Answer) -> SentenceTranslation:
        """Add the answer of the next unit, after what separates it from the one before."""
        place, separators = self.count, self._prepared.separators
        unit, separator = self._prepared.units[place], separators[place]
        if answer.translated:
            answer = replace(answer, text=fitted(answer.text, separator, separators[place + 1]))
        if self._placed:
            before = _between(self._placed[-1][0], separator, answer)
        else:
            before = _line_start(separator, answer)
        self._add(before)
        span = Span(self._length, self._length + len(answer.text))
        self._add(answer.text)
        sentence = SentenceTranslation(
            unit.text,
            answer.text,
            unit.span,
            span,
            answer.score,
            answer.warnings,
            answer.alternatives,
            before,
            terms(unit, answer.text),
        )
        self._placed.append((answer, sentence))
        return sentence

    def translation(self) -> Translation:
        """The whole, once every unit's answer was placed; raises ValueError before that."""
        if self.count != len(self._prepared.units):
            raise ValueError(f"{self.count} answers for {len(self._prepared.units)} units")
        sentences = tuple(sentence for _, sentence in self._placed)
        named = [name for sentence in sentences for name in sentence.warnings]
        warnings = tuple(dict.fromkeys([*self._prepared.warnings, *named]))
        last = self._prepared.separators[-1]
        text = "".join([*self._pieces, _line_end(last) if sentences else last])
        return Translation(self._prepared.text, text, sentences, warnings)

    def _add(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)


def _joins(separator: str) -> bool:
    """Whether what stands on either side is running text, not another line or cell."""
    return not (LINE_END.search(separator) or parts_cells(separator))


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
    """The source's separator as it stands between two answers, spaced as English is."""
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
    clings = (right.score is None and right.text[0] in _NO_SPACE_BEFORE) or (
        left.score is None and left.text[-1] in _NO_SPACE_AFTER
    )
    return separator if clings else separator + " "
