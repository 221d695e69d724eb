"""The routes under /v1, and how their errors read."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from deployments.documents.marked import translate_marked
from deployments.documents.worker import Worker
from deployments.errors import ServiceError
from deployments.gateway.access import Access
from deployments.gateway.api import answers, catalogue, openapi, schemas
from deployments.gateway.api.documents import DocumentRoutes
from deployments.gateway.api.glossaries import GlossaryRoutes
from deployments.gateway.api.requests import parsed, wanted
from deployments.gateway.api.stream import events
from deployments.gateway.json_body import JsonBodies
from deployments.service import TranslationService

STREAM = "/v1/translate/stream"


class Api:
    """A Dialect (deployments/gateway/dialects/base.py)."""

    prefix = "/v1/"

    def __init__(self, service: TranslationService, access: Access, worker: Worker) -> None:
        self.service, self.access, self.bodies = service, access, JsonBodies()
        self.documents = DocumentRoutes(service, access, worker)
        self.glossaries = GlossaryRoutes(service, access, self.bodies)

    def add_routes(self, app: FastAPI) -> None:
        app.add_api_route(
            "/v1/translate",
            self.translate,
            methods=["POST"],
            tags=["translate"],
            summary="Translate a text or a list of texts",
            description="A text of a list that cannot be translated fails alone, in `errors`.",
            response_model=schemas.TranslateResponse,
            responses=openapi.ERRORS,
            dependencies=self.access.described,
            openapi_extra=self.described(schemas.TranslateRequest),
        )
        app.add_api_route(
            STREAM,
            self.stream,
            methods=["POST"],
            tags=["translate"],
            summary="Translate a text, sentence by sentence",
            description="Server-sent events: a `sentence` for each, in order, as soon as it is"
            " final, then `done`; `error` in its place where the rest cannot be translated.",
            response_class=Response,
            responses={
                200: {
                    "description": "Events, whose data are JSON",
                    "content": {"text/event-stream": {"schema": openapi.EVENT}},
                },
                **openapi.ERRORS,
            },
            dependencies=self.access.described,
            openapi_extra=self.described(schemas.StreamRequest),
        )
        app.add_api_route(
            "/v1/languages",
            self.languages,
            tags=["about"],
            summary="The languages that can be translated",
            response_model=catalogue.Languages,
        )
        app.add_api_route(
            "/v1/models",
            self.models,
            tags=["about"],
            summary="The models that are served, the default first",
            response_model=catalogue.Models,
        )
        self.glossaries.add_to(app, openapi.ERRORS)
        self.documents.add_to(app, openapi.ERRORS)

    def described(self, kind: type[schemas.Options]) -> dict[str, Any]:
        """OpenAPI's description of such a body, with the limits of this service."""
        return openapi.request_body(openapi.bounded(kind.model_json_schema(), self.service.limits))

    async def translate(self, request: Request) -> Response:
        caller = await self.access.caller(request)
        given = parsed(schemas.TranslateRequest, await self.bodies.read(request))
        alone = isinstance(given.text, str)
        texts = [given.text] if isinstance(given.text, str) else given.text
        asked, kind = await wanted(given, caller, self.service.vocabularies), given.format
        if kind in ("html", "markdown"):
            found = await translate_marked(self.service, kind, texts, asked)
        else:
            found = await self.service.translate_all(texts, asked)
        if alone and isinstance(found.answers[0], ServiceError):
            raise found.answers[0]
        spans = kind in (None, "text")
        body = answers.translated(found, request.state.request_id, spans=spans)
        return Response(
            body.model_dump_json(),
            media_type="application/json",
            headers={"Server-Timing": answers.server_timing(found.timings)},
        )

    async def stream(self, request: Request) -> Response:
        caller = await self.access.caller(request)
        given = parsed(schemas.StreamRequest, await self.bodies.read(request))
        asked = await wanted(given, caller, self.service.vocabularies)
        found = self.service.stream(given.text, asked)
        return await events(found, request.state.request_id)

    async def languages(self) -> catalogue.Languages:
        return catalogue.languages(self.service.models.served)

    async def models(self) -> catalogue.Models:
        return catalogue.models(self.service.models.served)

    def render(self, error: ServiceError, request_id: str) -> Response:
        body = answers.refused(error, request_id)
        return JSONResponse(body.model_dump(exclude_none=True), error.status)
