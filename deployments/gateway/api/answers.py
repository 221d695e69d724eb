"""What the service found, in the API's form."""

from __future__ import annotations

from collections.abc import Sequence

from deployments.errors import ServiceError
from deployments.gateway.api import schemas
from deployments.request.deadline import Timings
from deployments.service import AllTranslated, One
from pipeline.answer.translation import SentenceTranslation
from pipeline.text.language import Detected


def translated(
    found: AllTranslated, request_id: str, *, spans: bool = True
) -> schemas.TranslateResponse:
    """All texts of a request; `spans` says whether those of sentences mean anything."""
    return schemas.TranslateResponse(
        translations=[one(x, spans) if isinstance(x, One) else None for x in found.answers],
        errors=[
            failed(place, answer)
            for place, answer in enumerate(found.answers)
            if isinstance(answer, ServiceError)
        ],
        timings=timings(found.timings),
        request_id=request_id,
    )


def one(answer: One, spans: bool) -> schemas.OneTranslation:
    """One text."""
    translation = answer.translation
    return schemas.OneTranslation(
        text=translation.text,
        model=answer.model,
        detected=language(answer.detected),
        sentences=[sentence(found, spans) for found in translation.sentences],
        warnings=list(translation.warnings),
        applied_terms=terms(translation.sentences, applied=True),
        missed_terms=terms(translation.sentences, applied=False),
    )


def terms(sentences: Sequence[SentenceTranslation], *, applied: bool) -> list[schemas.Term]:
    """Each once, in the order of the text."""
    found = dict.fromkeys(
        (term.source, term.target)
        for sentence in sentences
        for term in sentence.terms
        if term.applied == applied
    )
    return [schemas.Term(source=source, target=target) for source, target in found]


def sentence(found: SentenceTranslation, spans: bool = True) -> schemas.Sentence:
    return schemas.Sentence(
        source=found.source,
        target=found.target,
        source_span=(found.source_span.start, found.source_span.end) if spans else None,
        target_span=(found.target_span.start, found.target_span.end) if spans else None,
        score=found.score,
        warnings=list(found.warnings),
        alternatives=list(found.alternatives),
    )


def failed(place: int, error: ServiceError) -> schemas.Failed:
    return schemas.Failed(index=place, code=error.code, error=error.sentence, limit=error.limit)


def refused(error: ServiceError, request_id: str) -> schemas.Error:
    """What is answered in place of a translation."""
    return schemas.Error(
        error=error.sentence, code=error.code, limit=error.limit, request_id=request_id
    )


def language(found: Detected | None) -> schemas.Found | None:
    if found is None:
        return None
    return schemas.Found(language=found.language, confidence=found.confidence)


def timings(found: Timings) -> schemas.Timings:
    stages = {name: round(ms, 2) for name, ms in found.stages.items()}
    return schemas.Timings(total_ms=round(found.total_ms, 2), stages=stages)


def server_timing(found: Timings) -> str:
    """The header Server-Timing (W3C)."""
    stages = {**found.stages, "total": found.total_ms}
    return ", ".join(f"{name};dur={ms:.2f}" for name, ms in stages.items())
