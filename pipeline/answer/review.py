"""Hypotheses to answers: parsed, set as English, checked, and what is worth another try."""

from __future__ import annotations

from dataclasses import replace

from pipeline.answer.checks import checked, severity
from pipeline.answer.english import capitalised, closed, english, joined
from pipeline.answer.parse import Parsed, Parser
from pipeline.answer.retries import Ladder
from pipeline.answer.translation import Answer, Attempt, Part, Review
from pipeline.bundle import Bundle
from pipeline.decode.options import Hypothesis
from pipeline.text.protect import claimed, restore
from pipeline.text.units import UnitEncoder
from pipeline.tokenizers import load_tokenizer


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
        answer, best = self._answer(attempt), attempt.best
        if best is not None:
            better = severity(answer.warnings) < severity(best.warnings)
            tried = (*best.tried, attempt.tried.remedy)
            answer = replace(answer if better else best, tried=tried)
        return Review(answer, self._ladder.next_try(attempt.tried.unit, attempt.unit, answer))

    def _answer(self, attempt: Attempt) -> Answer:
        unit, tried, hypotheses = attempt.unit, attempt.tried, attempt.hypotheses
        pieces = [self._parsed(part, found) for part, found in attempt.by_part()]
        warnings = dict.fromkeys(name for piece in pieces for name in piece.warnings)
        text = joined([piece.text for piece in pieces], [bool(part.ids) for part in tried.parts])
        text = english(claimed(text, tried.protected))
        if attempt.opens:
            text = capitalised(text, unit.seen)
        if "truncated" not in warnings:
            text = closed(text, unit.seen)
        if "empty" not in warnings:
            tokens = len(unit.ids), sum(len(hypothesis.ids) for hypothesis in hypotheses)
            warnings |= dict.fromkeys(checked(_shown(attempt), text, tried.protected, tokens))
        score = sum(hypothesis.score for hypothesis in hypotheses) / len(hypotheses)
        if "empty" in warnings:
            return Answer(unit.text, tuple(warnings), score=score)
        return Answer(restore(text, tried.protected), tuple(warnings), True, score)

    def _parsed(self, part: Part, hypothesis: Hypothesis | None) -> Parsed:
        return self._parser.parse(part, hypothesis) if hypothesis else Parsed(part.text)


def _shown(attempt: Attempt) -> str:
    """The source that the answer is checked against: what was masked cannot be missing from it."""
    only, *others = attempt.tried.parts
    return attempt.unit.seen if others or not attempt.tried.remedy else only.text
