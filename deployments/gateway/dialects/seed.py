"""The dialect that the service was born with: POST /translate, `{"text": …}` to three keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.responses import JSONResponse, Response

from deployments.errors import Internal, InvalidRequest, ServiceError
from deployments.gateway.access import Access
from deployments.gateway.json_body import JsonBodies
from deployments.request.wanted import Wanted
from deployments.service import Translated, TranslationService

STATUSES = (400, 401, 408, 413, 414, 415, 422, 429, 431, 500, 503)  # of errors


class TranslateRequest(BaseModel):
    """Unknown fields are ignored, since clients send more than one service reads.

    A field that is null is as one that is not there, but for `text`.
    """

    model_config = ConfigDict(
        strict=True, json_schema_extra={"examples": [{"text": "中国的科技创新能力正在快速提升。"}]}
    )

    text: Annotated[str, StringConstraints(strict=True)] = Field(
        description="Chinese text of any number of lines"
    )
    detail: bool | None = Field(
        default=None, description="Whether to add `sentences`, `warnings` and `request_id`"
    )
    model: str | None = Field(
        default=None, description="Name of a model that is served; the first by default"
    )
    split_sentences: Literal["on", "off", "nonewlines"] | None = Field(
        default=None,
        description="Where sentences end: at their marks and at line ends (on, the default),"
        " nowhere, or at their marks only, so that wrapped lines are joined",
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


class Seed:
    """A Dialect (base.py)."""

    prefix = "/"  # whatever no other dialect has

    def __init__(self, service: TranslationService, access: Access) -> None:
        self.service, self.access, self.bodies = service, access, JsonBodies()

    def add_routes(self, app: FastAPI) -> None:
        app.add_api_route(
            "/translate",
            self.translate,
            methods=["POST"],
            tags=["seed"],
            summary="Translate a text",
            response_model=TranslateResponse,
            response_model_exclude_unset=True,
            responses={status: {"model": ErrorResponse} for status in STATUSES},
            openapi_extra={
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": self.request_schema()}},
                }
            },
        )

    def request_schema(self) -> dict[str, Any]:
        """JSON Schema of a request, with the names of the models that are served."""
        schema = TranslateRequest.model_json_schema()
        name, _ = schema["properties"]["model"]["anyOf"]
        name["enum"] = list(self.service.models.served)
        return schema

    async def translate(self, request: Request) -> Response:
        caller = await self.access.caller(request)
        given = parse(await self.bodies.read(request))
        splitting = given.split_sentences or "on"
        wanted = Wanted(given.model, split_sentences=splitting, caller=caller)
        translated = await self.service.translate(given.text, wanted)
        body = response_to(translated)
        if given.detail:
            add_detail(body, translated, request.state.request_id)
        stages = translated.timings.stages.items()
        return Response(
            body.model_dump_json(exclude_unset=True),
            media_type="application/json",
            headers={"Server-Timing": ", ".join(f"{name};dur={ms:.2f}" for name, ms in stages)},
        )

    def render(self, error: ServiceError, request_id: str) -> Response:
        content = {"error": error.sentence}
        if isinstance(error, Internal):
            content["request_id"] = request_id
        return JSONResponse(content, error.status)


def response_to(translated: Translated) -> TranslateResponse:
    """The three keys that every answer has."""
    return TranslateResponse(
        input=translated.translation.source,
        output=translated.translation.text,
        latency_ms=round(translated.timings.total_ms, 2),
    )


def add_detail(response: TranslateResponse, translated: Translated, request_id: str) -> None:
    """The keys that `detail` asks for."""
    translation = translated.translation
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


def parse(fields: dict[str, Any]) -> TranslateRequest:
    """Raises InvalidRequest, which says what is wrong."""
    try:
        return TranslateRequest.model_validate(fields)
    except ValidationError as error:
        raise InvalidRequest(explain(error)) from None


def explain(error: ValidationError) -> str:
    """The first mistake, in the words of JSON."""
    first = error.errors()[0]
    name = first["loc"][0]
    match first["type"]:
        case "missing":
            return f"missing {name} parameter"
        case "string_type":
            return f"{name} must be a string"
        case "bool_type":
            return f"{name} must be true or false"
        case "literal_error":
            return f"{name} must be {first['ctx']['expected']}"
        case _:
            return f"{name} is not valid"
