"""POST /translate."""

from __future__ import annotations

import json
from typing import NoReturn

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from deployments.config import Limits
from deployments.errors import Overloaded
from deployments.gateway.api.schemas import (
    ErrorResponse,
    TranslateRequest,
    TranslateResponse,
    respond,
)
from deployments.gateway.health import RETRY
from deployments.request.deadline import Timings
from deployments.request.flow import Flow
from pipeline.errors import DeadlineExceeded, EngineStopped, InvalidText

REFUSALS: dict[type[Exception], tuple[int, str]] = {  # what the flow raises
    InvalidText: (400, "Invalid request: text holds a NUL character or half of a surrogate pair"),
    Overloaded: (503, "The service is busy"),
    DeadlineExceeded: (503, "The translation took too long"),
    EngineStopped: (503, "The service is restarting"),
}


def add_translate(app: FastAPI, flow: Flow, limits: Limits) -> None:
    @app.post(
        "/translate",
        summary="Translate a text",
        response_model=TranslateResponse,
        response_model_exclude_unset=True,
        responses={status: {"model": ErrorResponse} for status in (400, 408, 413, 500, 503)},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": TranslateRequest.model_json_schema()}},
            }
        },
    )
    async def translate(request: Request) -> Response:
        timings = Timings()
        wanted = parse(await request.body())
        if not wanted.text.strip():
            raise HTTPException(400, "Empty input")
        if len(wanted.text) > limits.characters:
            found = len(wanted.text)
            raise HTTPException(
                413, f"The text has {found} characters, more than the limit of {limits.characters}"
            )
        if wanted.model not in (None, *flow.translators):
            served = ", ".join(flow.translators)
            raise HTTPException(
                400, f"Invalid request: the model is not served; served are: {served}"
            )
        try:
            translation = await flow.translate(wanted.text, wanted.model, timings)
        except tuple(REFUSALS) as error:
            status, sentence = REFUSALS[type(error)]
            raise HTTPException(status, sentence, RETRY if status == 503 else None) from None
        request_id = request.state.request_id
        body = respond(translation, timings.total(), detail=wanted.detail, request_id=request_id)
        return Response(
            body.model_dump_json(exclude_unset=True),
            media_type="application/json",
            headers={
                "Server-Timing": ", ".join(
                    f"{name};dur={ms:.2f}" for name, ms in timings.stages.items()
                )
            },
        )


def parse(body: bytes) -> TranslateRequest:
    """Raises HTTPException 400, with a sentence that says what is wrong, unless `body` is a JSON
    request.
    """
    try:
        fields = json.loads(body.decode("utf-8"), parse_constant=not_json)
    except UnicodeDecodeError:
        raise HTTPException(400, "Invalid request: the body is not UTF-8") from None
    except ValueError:
        raise HTTPException(400, "Invalid request: the body is not JSON") from None
    except RecursionError:
        raise HTTPException(400, "Invalid request: the body is nested too deeply") from None
    if not isinstance(fields, dict):
        raise HTTPException(400, "Invalid request: the body is not a JSON object")
    try:
        return TranslateRequest.model_validate(fields)
    except ValidationError as error:
        raise HTTPException(400, f"Invalid request: {explain(error)}") from None


def not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


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
        case _:
            return f"{name} is not valid"
