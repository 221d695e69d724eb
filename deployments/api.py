"""The HTTP API: routes, and errors as JSON.

Bodies are parsed here rather than by the framework, so that every malformed one gets the same kind of
answer: 400 and one sentence.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from deployments.config import Limits
from deployments.flow import Flow, Overloaded, Timings
from deployments.middleware import Admission, Body, Disconnect, Errors, RequestId, Traffic
from deployments.page import add_page
from deployments.readiness import Readiness
from deployments.schemas import ErrorResponse, TranslateRequest, TranslateResponse, respond
from pipeline.errors import DeadlineExceeded, EngineStopped, InvalidText

PHRASES = {404: "Not found", 405: "Method not allowed"}
RETRY = {"Retry-After": "1"}
REFUSALS: dict[type[Exception], tuple[int, str]] = {  # what the flow raises
    InvalidText: (400, "Invalid request: text holds a NUL character or half of a surrogate pair"),
    Overloaded: (503, "The service is busy"),
    DeadlineExceeded: (503, "The translation took too long"),
    EngineStopped: (503, "The service is restarting"),
}


def make_app(flow: Flow, readiness: Readiness, traffic: Traffic, limits: Limits) -> FastAPI:
    """The ASGI application of one ingress replica."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(readiness.watch())
        yield
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch

    app = FastAPI(
        title="csanmt-serve",
        description="Chinese to English translation with CSANMT",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    for middleware, arguments in (  # the last one added is the outermost
        (Disconnect, ()),
        (Admission, (limits, traffic)),
        (Body, (limits, traffic)),
        (Errors, ()),
        (RequestId, ()),
    ):
        app.add_middleware(middleware, *arguments)
    app.add_exception_handler(HTTPException, framework_error)
    add_translate(app, flow, limits)  # first, since routes are tried in order
    add_health(app, readiness, traffic)
    add_page(app)
    return app


async def framework_error(_: Request, error: Exception) -> Response:
    """An unknown route, a wrong method, or an error raised with a sentence of our own."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": PHRASES.get(error.status_code, error.detail)}, error.status_code, error.headers)


def add_health(app: FastAPI, readiness: Readiness, traffic: Traffic) -> None:
    @app.get("/livez", summary="Whether this part of the service runs")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/readyz",
        summary="Whether the service translates: the canary passed on a translator that answers",
        responses={503: {"model": ErrorResponse}},
    )
    async def readyz() -> Response:
        if traffic.draining:
            return JSONResponse({"error": "The service is stopping"}, 503)
        if not readiness.ready():
            return JSONResponse({"error": "The service is starting"}, 503, RETRY)
        return JSONResponse({"status": "ready"})


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
            raise HTTPException(413, f"The text has {found} characters, more than the limit of {limits.characters}")
        if wanted.model not in (None, *flow.translators):
            served = ", ".join(flow.translators)
            raise HTTPException(400, f"Invalid request: the model is not served; served are: {served}")
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
            headers={"Server-Timing": ", ".join(f"{name};dur={ms:.2f}" for name, ms in timings.stages.items())},
        )


def parse(body: bytes) -> TranslateRequest:
    """Raises HTTPException 400, with a sentence that says what is wrong, unless `body` is a JSON request."""
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
