"""HTML and Markdown as strings: what is text in them is translated, all else stays."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from deployments.errors import ServiceError
from deployments.request.deadline import Timings
from deployments.request.wanted import Wanted
from deployments.service import NOT_SOURCE, AllTranslated, One, TranslationService, flaw
from pipeline.answer.translation import Translation
from pipeline.text.language import AUTO, detect

if TYPE_CHECKING:
    from pipeline.documents import MarkedText

Kind = Literal["html", "markdown"]


async def translate_marked(
    service: TranslationService, kind: Kind, sources: Sequence[str], wanted: Wanted
) -> AllTranslated:
    """Several strings of this kind; one that cannot be translated fails alone.

    Spans of their sentences are those in the texts within. Raises what `translate_all` raises.
    """
    service.check_size(sources, wanted)
    service.check(wanted)
    flaws = [flaw(source) for source in sources]
    sound = ["" if wrong else source for source, wrong in zip(sources, flaws, strict=True)]
    marked = await asyncio.to_thread(_opened, kind, sound)
    texts = [text for one in marked for text in one.texts]
    most = service.limits.texts
    parts = [
        await service.translate_all(texts[start : start + most], wanted)
        for start in range(0, len(texts), most)
    ]
    answers = iter([answer for part in parts for answer in part.answers])
    whole = [
        wrong or _whole(source, one, [next(answers) for _ in one.texts], wanted)
        for source, one, wrong in zip(sources, marked, flaws, strict=True)
    ]
    return AllTranslated(tuple(whole), _sum(part.timings for part in parts))


def _opened(kind: Kind, sources: Sequence[str]) -> list[MarkedText]:
    from pipeline.documents import open_marked  # only now: its libraries take 26 MB

    return [open_marked(kind, source) for source in sources]


def _whole(
    source: str, marked: MarkedText, answers: Sequence[One | ServiceError], wanted: Wanted
) -> One | ServiceError:
    """A string with the translations of its texts, or why there is none."""
    found: list[One] = []
    for answer in answers:
        if isinstance(answer, ServiceError):
            return answer
        found.append(answer)
    translations = [one.translation for one in found]
    warnings = [name for translation in translations for name in translation.warnings]
    if not found and wanted.source == AUTO:
        warnings = [NOT_SOURCE]
    return One(
        Translation(
            source,
            marked.write([translation.text for translation in translations]),
            tuple(x for translation in translations for x in translation.sentences),
            tuple(dict.fromkeys(warnings)),
        ),
        next((one.model for one in found if one.model), None),
        detect(source) if wanted.source == AUTO else None,
    )


def _sum(timings: Iterator[Timings]) -> Timings:
    stages: Counter[str] = Counter()
    total = 0.0
    for one in timings:
        total += one.total_ms
        stages.update(one.stages)
    return Timings(dict(stages), total)
