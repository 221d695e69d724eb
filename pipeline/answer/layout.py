"""Answers in the layout of their source, and what the layout says of a sentence."""

from __future__ import annotations

from pipeline.answer.english import ends_sentence, marker
from pipeline.answer.translation import Answer, SentenceTranslation, Translation
from pipeline.text.normalise import LINE_END
from pipeline.text.prepared import Prepared, Span
from pipeline.text.sentences import CLOSING, OPENING, parts_cells

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
        unit, separator = self._prepared.units[self.count], self._prepared.separators[self.count]
        if self._placed:
            self._add(_between(self._placed[-1][0], separator, answer))
        else:
            self._add(_line_start(separator, answer))
        span = Span(self._length, self._length + len(answer.text))
        self._add(answer.text)
        sentence = SentenceTranslation(
            unit.text, answer.text, unit.span, span, answer.score, answer.warnings
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
        text = "".join([*self._pieces, self._prepared.separators[-1]])
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
    return separator[:start] + marker(separator[start:]) if right.translated else separator


def _between(left: Answer, separator: str, right: Answer) -> str:
    """The source's separator as it stands between two answers, spaced as English is."""
    if not (left.translated or right.translated):
        return separator
    if LINE_END.search(separator):
        return _line_start(separator, right)
    if any(character.isspace() for character in separator):
        return separator.replace("\u3000", " ")
    # With a kept neighbour such as "）" or "</b>" on the side that clings, English has no space
    # either.
    clings = (not right.translated and right.text[0] in _NO_SPACE_BEFORE) or (
        not left.translated and left.text[-1] in _NO_SPACE_AFTER
    )
    return separator if clings else separator + " "
