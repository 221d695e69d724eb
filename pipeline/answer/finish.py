"""Hypotheses checked, and put back into the layout of their source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.answer.checks import checked, severity
from pipeline.answer.english import capitalised, closed, english, joined
from pipeline.answer.layout import capitals, laid_out
from pipeline.answer.parse import Parser
from pipeline.answer.retries import Ladder
from pipeline.answer.translation import Answer, Part, Review, Translation
from pipeline.bundle import Bundle
from pipeline.decode.options import Hypothesis
from pipeline.text.prepared import Prepared, Protected, Unit
from pipeline.text.protect import claimed, restore
from pipeline.text.units import Encoder
from pipeline.tokenizers import load_tokenizer


class Postprocessor:
    """Hypotheses in, `Review` or `Translation` out. Thread-safe."""

    def __init__(self, parser: Parser, ladder: Ladder) -> None:
        self._parse = parser
        self._next_try = ladder

    @staticmethod
    def load(bundle: Bundle) -> Postprocessor:
        """Raises BundleError if the bundle's vocabularies cannot be read."""
        entry = bundle.manifest.tokenizer
        parser = Parser(
            load_tokenizer(bundle),
            entry.unknown_id,
            bundle.manifest.decoding.end_id,
            entry.mask_symbols,
        )
        return Postprocessor(parser, Ladder(Encoder.load(bundle)))

    def __call__(self, prepared: Prepared, hypotheses: Sequence[Hypothesis | None]) -> Translation:
        """The translation as it is without another try; as `review` otherwise."""
        return self.review(prepared, hypotheses).translation

    def review(self, prepared: Prepared, hypotheses: Sequence[Hypothesis | None]) -> Review:
        """The translation, and the retries it asks for.

        One hypothesis a unit, None where its `ids` are empty.

        Raises ValueError if their number differs from the number of units.
        """
        answers = [
            self._answer(unit, (unit,), unit.protected, (hypothesis,), capital)
            if unit.ids
            else Answer(unit.text)
            for unit, hypothesis, capital in zip(
                prepared.units, hypotheses, capitals(prepared), strict=True
            )
        ]
        return self._reviewed(prepared, answers, range(len(answers)))

    def again(
        self, prepared: Prepared, review: Review, hypotheses: Sequence[Sequence[Hypothesis]]
    ) -> Review:
        """The review of the same request after its retries.

        One sequence a retry, one hypothesis a sentence of it.

        A unit keeps the better of its answers. Raises ValueError if the numbers differ.
        """
        answers, opening = list(review.answers), capitals(prepared)
        for retry, found in zip(review.retries, hypotheses, strict=True):
            given = iter(zip(retry.sentences, found, strict=True))
            pairs = [next(given)[1] if part.ids else None for part in retry.parts]
            unit, old = prepared.units[retry.unit], answers[retry.unit]
            new = self._answer(unit, retry.parts, retry.protected, pairs, opening[retry.unit])
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
        found = [
            self._parse(part, hypothesis) if part.ids else (part.text, ())
            for part, hypothesis in pairs
        ]
        warnings = dict.fromkeys(name for _, names in found for name in names)
        scores = [hypothesis.score for _, hypothesis in pairs if hypothesis]
        score = sum(scores) / len(scores) if scores else None
        text = claimed(
            joined([text for text, _ in found], [bool(part.ids) for part in parts]), protected
        )
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

    def _reviewed(
        self, prepared: Prepared, answers: Sequence[Answer], units: Iterable[int]
    ) -> Review:
        tries = (self._next_try(i, prepared.units[i], answers[i]) for i in units)
        return Review(
            laid_out(prepared, answers), tuple(answers), tuple(retry for retry in tries if retry)
        )
