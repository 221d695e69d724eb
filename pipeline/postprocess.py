"""Hypotheses checked, and put back into the layout of their source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline import tokenizer
from pipeline.bundle import Bundle
from pipeline.checks import checked, severity
from pipeline.detokenize import capitalised, closed, ends_sentence, english, joined, marker
from pipeline.encode import Encoder
from pipeline.ladder import Ladder
from pipeline.normalise import LINE_END
from pipeline.parse import Parser
from pipeline.protect import claimed, restore
from pipeline.segment import CLOSING, OPENING, parts_cells
from pipeline.types import (
    Answer,
    Hypothesis,
    Part,
    Prepared,
    Protected,
    Review,
    SentenceTranslation,
    Span,
    Translation,
    Unit,
)

_NO_SPACE_BEFORE = CLOSING + ",.;:!?，。；：！？、<"
_NO_SPACE_AFTER = OPENING + ">"


class Postprocessor:
    """Hypotheses in, `Review` or `Translation` out. Thread-safe."""

    def __init__(self, parser: Parser, ladder: Ladder) -> None:
        self._parse = parser
        self._next_try = ladder

    @staticmethod
    def load(bundle: Bundle) -> Postprocessor:
        """Raises BundleError if the bundle's vocabularies cannot be read."""
        entry = bundle.manifest.tokenizer
        parser = Parser(tokenizer.load(bundle), entry.unknown_id, bundle.manifest.decoding.end_id, entry.mask_symbols)
        return Postprocessor(parser, Ladder(Encoder.load(bundle)))

    def __call__(self, prepared: Prepared, hypotheses: Sequence[Hypothesis | None]) -> Translation:
        """The translation as it is without another try; as `review` otherwise."""
        return self.review(prepared, hypotheses).translation

    def review(self, prepared: Prepared, hypotheses: Sequence[Hypothesis | None]) -> Review:
        """The translation, and the retries it asks for; one hypothesis a unit, None where its `ids` are empty.

        Raises ValueError if their number differs from the number of units.
        """
        answers = [
            self._answer(unit, (unit,), unit.protected, (hypothesis,), capital) if unit.ids else Answer(unit.text)
            for unit, hypothesis, capital in zip(prepared.units, hypotheses, _capitals(prepared), strict=True)
        ]
        return self._reviewed(prepared, answers, range(len(answers)))

    def again(self, prepared: Prepared, review: Review, hypotheses: Sequence[Sequence[Hypothesis]]) -> Review:
        """The review of the same request after its retries; one sequence a retry, one hypothesis a sentence of it.

        A unit keeps the better of its answers. Raises ValueError if the numbers differ.
        """
        answers, capitals = list(review.answers), _capitals(prepared)
        for retry, found in zip(review.retries, hypotheses, strict=True):
            given = iter(zip(retry.sentences, found, strict=True))
            pairs = [next(given)[1] if part.ids else None for part in retry.parts]
            unit, old = prepared.units[retry.unit], answers[retry.unit]
            new = self._answer(unit, retry.parts, retry.protected, pairs, capitals[retry.unit])
            best = new if severity(new.warnings) < severity(old.warnings) else old
            answers[retry.unit] = replace(best, tried=(*old.tried, retry.remedy))
        return self._reviewed(prepared, answers, [retry.unit for retry in review.retries])

    def _answer(
        self,
        unit: Unit,
        parts: Sequence[Unit | Part],
        protected: Sequence[Protected],
        hypotheses: Sequence[Hypothesis | None],
        capital: bool,
    ) -> Answer:
        """The unit's translation from that of its parts."""
        pairs = list(zip(parts, hypotheses, strict=True))
        found = [self._parse(part, hypothesis) if part.ids else (part.text, ()) for part, hypothesis in pairs]
        warnings = dict.fromkeys(name for _, names in found for name in names)
        scores = [hypothesis.score for _, hypothesis in pairs if hypothesis]
        score = sum(scores) / len(scores) if scores else None
        text = claimed(joined([text for text, _ in found], [bool(part.ids) for part in parts]), protected)
        text = english(text)
        if capital:
            text = capitalised(text, unit.seen)
        if "truncated" not in warnings:
            text = closed(text, unit.seen)
        tokens = len(unit.ids), sum(len(hypothesis.ids) for _, hypothesis in pairs if hypothesis)
        if "empty" not in warnings:
            seen = unit.seen if parts[0] is unit or len(parts) > 1 else parts[0].text
            warnings |= dict.fromkeys(checked(seen, text, protected, tokens))
        if "empty" in warnings:
            return Answer(unit.text, tuple(warnings), score=score)
        return Answer(restore(text, protected), tuple(warnings), translated=True, score=score)

    def _reviewed(self, prepared: Prepared, answers: Sequence[Answer], units: Iterable[int]) -> Review:
        tries = (self._next_try(i, prepared.units[i], answers[i]) for i in units)
        return Review(_laid_out(prepared, answers), tuple(answers), tuple(retry for retry in tries if retry))


def _capitals(prepared: Prepared) -> list[bool]:
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


def _laid_out(prepared: Prepared, answers: Sequence[Answer]) -> Translation:
    """The answers in the layout of their source."""
    separators = _separators(prepared.separators, answers)
    pieces = [separators[0]]
    offset = len(separators[0])
    sentences = []
    for unit, answer, separator in zip(prepared.units, answers, separators[1:], strict=True):
        span = Span(offset, offset + len(answer.text))
        sentences.append(SentenceTranslation(unit.text, answer.text, unit.span, span, answer.score, answer.warnings))
        pieces += [answer.text, separator]
        offset = span.end + len(separator)
    warnings = dict.fromkeys([*prepared.warnings, *(name for answer in answers for name in answer.warnings)])
    return Translation(prepared.text, "".join(pieces), tuple(sentences), tuple(warnings))


def _joins(separator: str) -> bool:
    """Whether what stands on either side is running text, not another line or cell."""
    return not (LINE_END.search(separator) or parts_cells(separator))


def _separators(separators: Sequence[str], answers: Sequence[Answer]) -> list[str]:
    """The separators as they stand between the answers."""
    if not answers:
        return list(separators)
    inner = map(_between, answers[:-1], separators[1:-1], answers[1:])
    return [_line_start(separators[0], answers[0]), *inner, separators[-1]]


def _line_start(separator: str, right: Answer) -> str:
    """What stands before the first target of a line: its marker is English if the target is."""
    start = max((found.end() for found in LINE_END.finditer(separator)), default=0)
    return separator[:start] + marker(separator[start:]) if right.translated else separator


def _between(left: Answer, separator: str, right: Answer) -> str:
    """What stands between two answers: the source's separator, with a space where English needs one."""
    if not (left.translated or right.translated):
        return separator
    if LINE_END.search(separator):
        return _line_start(separator, right)
    if any(character.isspace() for character in separator):
        return separator.replace("\u3000", " ")
    # With a kept neighbour such as "）" or "</b>" on the side that clings, English has no space either.
    clings = (not right.translated and right.text[0] in _NO_SPACE_BEFORE) or (
        not left.translated and left.text[-1] in _NO_SPACE_AFTER
    )
    return separator if clings else separator + " "
