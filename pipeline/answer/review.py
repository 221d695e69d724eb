"""Hypotheses to answers: parsed, set as English, checked, and what is worth another try."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.answer.checks import check
from pipeline.answer.english import capitalised, closed, english, joined
from pipeline.answer.faults import Fault, severity
from pipeline.answer.parse import Parsed, Parser
from pipeline.answer.retries import Ladder
from pipeline.answer.translation import Answer, Attempt, Part, Review
from pipeline.bundle import Bundle
from pipeline.decode.options import Hypothesis
from pipeline.text.protect import claimed, restore
from pipeline.text.units import UnitEncoder
from pipeline.tokenizers import load_tokenizer

logger = logging.getLogger(__name__)
Pair = tuple[Part, Hypothesis | None]


class Postprocessor:
    """What is done with the hypotheses of each sentence by itself. Thread-safe."""

    def __init__(self, parser: Parser, ladder: Ladder) -> None:
        self._parser, self._ladder = parser, ladder

    @staticmethod
    def load(bundle: Bundle) -> Postprocessor:
        """Raises BundleError if the bundle's vocabularies cannot be read."""
        entry, end_id = bundle.manifest.tokenizer, bundle.manifest.decoding.end_id
        parser = Parser(load_tokenizer(bundle), entry.unknown_id, end_id, entry.mask_symbols)
        return Postprocessor(parser, Ladder(UnitEncoder.load(bundle)))

    def review(self, attempt: Attempt) -> Review:
        """The unit's best answer so far, and the next try if one is worth it.

        Raises ValueError if the attempt has not one hypothesis for each sentence of its try.
        """
        pairs, best = attempt.by_part(), attempt.best
        try:
            answer = self._answer(attempt, pairs)
            if attempt.others:
                answer = replace(answer, alternatives=tuple(self._alternatives(attempt, answer)))
        except Exception as error:  # a unit that breaks its review must not break its neighbours
            logger.error("a review failed: %s", type(error).__name__)
            answer = Answer(attempt.unit.text, (Fault.EMPTY, Fault.UNCHECKED))
        if best is not None:
            better = severity(answer.warnings) < severity(best.warnings)
            tried = (*best.tried, attempt.tried.remedy)
            answer = replace(answer if better else best, tried=tried)
        return Review(answer, self._ladder.next_try(attempt.tried.unit, attempt.unit, answer))

    def _alternatives(self, attempt: Attempt, answer: Answer) -> Iterator[str]:
        """Translations by the other hypotheses, without those that repeat one or are worse."""
        seen = {answer.text}
        for other in attempt.others:
            attempted = replace(attempt, hypotheses=(other,), others=())
            found = self._answer(attempted, attempted.by_part())
            worse = severity(found.warnings) > severity(answer.warnings)
            if found.translated and not worse and found.text not in seen:
                seen.add(found.text)
                yield found.text

    def _answer(self, attempt: Attempt, pairs: Sequence[Pair]) -> Answer:
        unit, protected = attempt.unit, attempt.tried.protected
        pieces = [self._parsed(part, hypothesis) for part, hypothesis in pairs]
        warnings = dict.fromkeys(name for piece in pieces for name in piece.warnings)
        text = joined([piece.text for piece in pieces], [bool(part.ids) for part, _ in pairs])
        text = english(claimed(text, protected))
        if attempt.opens:
            text = capitalised(text, unit.seen)
        if Fault.TRUNCATED not in warnings:
            text = closed(text, unit.seen)
        if Fault.EMPTY not in warnings:
            warnings |= dict.fromkeys(check(attempt, text))
        warnings |= dict.fromkeys(map(Fault, unit.warnings))
        scores = [hypothesis.score for hypothesis in attempt.hypotheses]
        score = sum(scores) / len(scores)
        if Fault.EMPTY in warnings:
            return Answer(unit.text, tuple(warnings), score=score)
        return Answer(restore(text, protected), tuple(warnings), translated=True, score=score)

    def _parsed(self, part: Part, hypothesis: Hypothesis | None) -> Parsed:
        return self._parser.parse(part, hypothesis) if hypothesis else Parsed(part.text)
