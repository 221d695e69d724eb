"""Hypotheses put back into the layout of their source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import tokenizer
from pipeline.bundle import Bundle
from pipeline.detokenize import capitalised, closed, ends_sentence, english, marker
from pipeline.normalise import LINE_END
from pipeline.parse import Parser
from pipeline.segment import CLOSING, OPENING, parts_cells
from pipeline.types import Hypothesis, Prepared, SentenceTranslation, Span, Translation, Unit

_NO_SPACE_BEFORE = CLOSING + ",.;:!?，。；：！？、<"
_NO_SPACE_AFTER = OPENING + ">"


@dataclass(frozen=True, slots=True)
class _Target:
    text: str
    warnings: tuple[str, ...] = ()
    translated: bool = False  # false where the source text stands as it was


class Postprocessor:
    """One hypothesis a unit in, `Translation` out. Thread-safe."""

    def __init__(self, parser: Parser) -> None:
        self._parse = parser

    @staticmethod
    def load(bundle: Bundle) -> Postprocessor:
        """Raises BundleError if the bundle's vocabularies cannot be read."""
        manifest = bundle.manifest
        return Postprocessor(Parser(tokenizer.load(bundle), manifest.tokenizer.unknown_id, manifest.decoding.end_id))

    def __call__(self, prepared: Prepared, hypotheses: Sequence[Hypothesis | None]) -> Translation:
        """The translation; `hypotheses` has one entry a unit, None where its `ids` are empty.

        Raises ValueError if their number differs from the number of units.
        """
        targets = self._targets(prepared, hypotheses)
        separators = _separators(prepared.separators, targets)
        pieces = [separators[0]]
        offset = len(separators[0])
        sentences = []
        for i, (unit, target, hypothesis) in enumerate(zip(prepared.units, targets, hypotheses, strict=True), start=1):
            span = Span(offset, offset + len(target.text))
            score = hypothesis.score if hypothesis and unit.ids else None
            sentences.append(SentenceTranslation(unit.text, target.text, unit.span, span, score, target.warnings))
            pieces += [target.text, separators[i]]
            offset = span.end + len(separators[i])
        warnings = dict.fromkeys([*prepared.warnings, *(name for target in targets for name in target.warnings)])
        return Translation(prepared.text, "".join(pieces), tuple(sentences), tuple(warnings))

    def _targets(self, prepared: Prepared, hypotheses: Sequence[Hypothesis | None]) -> list[_Target]:
        joins = [False, *map(_joins, prepared.separators[1:-1]), False]
        targets = []
        ended = True
        for i, (unit, hypothesis) in enumerate(zip(prepared.units, hypotheses, strict=True)):
            opens = ended or not joins[i]
            ended = ends_sentence(unit.text)
            # A sentence has a capital; a heading, a cell or a word alone has what the model gave it.
            targets.append(self._target(unit, hypothesis, capital=opens and (ended or joins[i] or joins[i + 1])))
        return targets

    def _target(self, unit: Unit, hypothesis: Hypothesis | None, capital: bool) -> _Target:
        if not unit.ids:
            return _Target(unit.text)
        raw, warnings = self._parse(unit, hypothesis)
        if not raw:
            return _Target(unit.text, warnings)
        text = english(raw)
        if capital:
            text = capitalised(text, unit.text)
        if "truncated" not in warnings:
            text = closed(text, unit.text)
        return _Target(text, warnings, translated=True)


def _joins(separator: str) -> bool:
    """Whether what stands on either side is running text, not another line or cell."""
    return not (LINE_END.search(separator) or parts_cells(separator))


def _separators(separators: Sequence[str], targets: Sequence[_Target]) -> list[str]:
    """The separators as they stand between the targets."""
    if not targets:
        return list(separators)
    inner = map(_between, targets[:-1], separators[1:-1], targets[1:])
    return [_line_start(separators[0], targets[0]), *inner, separators[-1]]


def _line_start(separator: str, right: _Target) -> str:
    """What stands before the first target of a line: its marker is English if the target is."""
    start = max((found.end() for found in LINE_END.finditer(separator)), default=0)
    return separator[:start] + marker(separator[start:]) if right.translated else separator


def _between(left: _Target, separator: str, right: _Target) -> str:
    """What stands between two targets: the source's separator, with a space where English needs one."""
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
