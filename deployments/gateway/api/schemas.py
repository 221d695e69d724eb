"""Bodies of POST /translate: the seed's three keys, and what `detail` adds."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipeline.answer.translation import Translation


class TranslateRequest(BaseModel):
    """Unknown fields are ignored, since clients send more than one service reads."""

    model_config = ConfigDict(
        strict=True, json_schema_extra={"examples": [{"text": "中国的科技创新能力正在快速提升。"}]}
    )

    text: Annotated[str, StringConstraints(strict=True)] = Field(
        description="Chinese text of any number of lines"
    )
    detail: bool = Field(
        default=False, description="Whether to add `sentences`, `warnings` and `request_id`"
    )
    model: str | None = Field(
        default=None, description="Name of a model that is served; the first by default"
    )


class SentenceDetail(BaseModel):
    """One sentence and its translation; spans are half-open, in code points."""

    source: str
    target: str
    source_span: tuple[int, int]
    target_span: tuple[int, int]
    score: float | None = Field(
        description="Length-normalised log-probability; null where no model was asked"
    )
    warnings: list[str]


class TranslateResponse(BaseModel):
    input: str
    output: str
    latency_ms: float = Field(description="Milliseconds within the service, two decimals")
    sentences: list[SentenceDetail] | None = Field(default=None, description="Only with `detail`")
    warnings: list[str] | None = Field(default=None, description="Only with `detail`")
    request_id: str | None = Field(default=None, description="Only with `detail`")


class ErrorResponse(BaseModel):
    error: str
    request_id: str | None = Field(default=None, description="Only of an internal error")


def respond(
    translation: Translation,
    latency_ms: float,
    *,
    detail: bool = False,
    request_id: str | None = None,
) -> TranslateResponse:
    response = TranslateResponse(
        input=translation.source, output=translation.text, latency_ms=round(latency_ms, 2)
    )
    if detail:
        response.sentences = [
            SentenceDetail(
                source=sentence.source,
                target=sentence.target,
                source_span=(sentence.source_span.start, sentence.source_span.end),
                target_span=(sentence.target_span.start, sentence.target_span.end),
                score=sentence.score,
                warnings=list(sentence.warnings),
            )
            for sentence in translation.sentences
        ]
        response.warnings = list(translation.warnings)
        response.request_id = request_id
    return response
