"""The routes of /v1/glossaries."""

from __future__ import annotations

from enum import Enum
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from deployments.errors import UnknownGlossary
from deployments.gateway.access import Access, owner_of
from deployments.gateway.api import glossary_schemas
from deployments.gateway.api.openapi import request_body
from deployments.gateway.api.requests import parsed
from deployments.gateway.json_body import JsonBodies
from deployments.service import TranslationService
from deployments.store.glossaries import GlossaryInfo
from pipeline.glossary import Entry, Glossary, as_tsv, parse
from pipeline.text.language import base

PATH = "/v1/glossaries"
ONE = f"{PATH}/{{glossary_id}}"
TAGS: list[str | Enum] = ["glossaries"]


class GlossaryRoutes:
    """Made, listed, read, replaced and deleted, each by the key that made it."""

    def __init__(self, service: TranslationService, access: Access, bodies: JsonBodies) -> None:
        self.service, self.access, self.bodies = service, access, bodies
        self.glossaries = service.store.glossaries

    def add_to(self, app: FastAPI, errors: dict[int | str, dict[str, Any]]) -> None:
        """`errors` are the responses that each route may have."""
        body = request_body(glossary_schemas.GlossaryRequest.model_json_schema())
        app.add_api_route(
            PATH,
            self.create,
            methods=["POST"],
            tags=TAGS,
            dependencies=self.access.described,
            status_code=201,
            summary="Make a glossary",
            response_model=glossary_schemas.GlossaryDetail,
            responses=errors,
            openapi_extra=body,
        )
        app.add_api_route(
            PATH,
            self.list,
            tags=TAGS,
            dependencies=self.access.described,
            summary="The glossaries that there are",
            response_model=glossary_schemas.GlossaryList,
            responses=errors,
        )
        app.add_api_route(
            ONE,
            self.get,
            tags=TAGS,
            dependencies=self.access.described,
            summary="A glossary with its entries",
            response_model=glossary_schemas.GlossaryDetail,
            responses=errors,
        )
        app.add_api_route(
            f"{ONE}/entries",
            self.entries,
            tags=TAGS,
            dependencies=self.access.described,
            summary="Its entries as TSV",
            response_class=Response,
            responses={200: {"content": {"text/tab-separated-values": {}}}, **errors},
        )
        app.add_api_route(
            ONE,
            self.replace,
            methods=["PUT"],
            tags=TAGS,
            dependencies=self.access.described,
            summary="Give a glossary other entries",
            response_model=glossary_schemas.GlossaryDetail,
            responses=errors,
            openapi_extra=body,
        )
        app.add_api_route(
            ONE,
            self.delete,
            methods=["DELETE"],
            tags=TAGS,
            dependencies=self.access.described,
            status_code=204,
            summary="Delete a glossary",
            responses=errors,
        )

    async def create(self, request: Request) -> Response:
        owner = await self.owner(request)
        given = await self.read(request)
        self.service.models.choose(None, given.source, given.target)  # or these are not served
        glossary = Glossary(base(given.source), base(given.target), self.parsed(given))
        info = await self.glossaries.create(given.name, glossary, owner)
        return answer(detail(info, glossary.entries), 201)

    async def list(self, request: Request) -> Response:
        found = await self.glossaries.list(await self.owner(request))
        return answer(glossary_schemas.GlossaryList(glossaries=[brief(info) for info in found]))

    async def get(self, request: Request, glossary_id: str) -> Response:
        return answer(detail(*await self.found(request, glossary_id)))

    async def entries(self, request: Request, glossary_id: str) -> Response:
        _, entries = await self.found(request, glossary_id)
        return Response(as_tsv(entries), media_type="text/tab-separated-values; charset=utf-8")

    async def replace(self, request: Request, glossary_id: str) -> Response:
        owner = await self.owner(request)
        given = await self.read(request)
        entries = self.parsed(given)
        if not await self.glossaries.replace(glossary_id, owner, entries, given.name):
            raise UnknownGlossary
        return answer(detail(*await self.found(request, glossary_id)))

    async def delete(self, request: Request, glossary_id: str) -> Response:
        if not await self.glossaries.delete(glossary_id, await self.owner(request)):
            raise UnknownGlossary
        return Response(status_code=204)

    async def owner(self, request: Request) -> str | None:
        return owner_of(await self.access.caller(request))

    async def read(self, request: Request) -> glossary_schemas.GlossaryRequest:
        return parsed(glossary_schemas.GlossaryRequest, await self.bodies.read(request))

    def parsed(self, given: glossary_schemas.GlossaryRequest) -> tuple[Entry, ...]:
        """Raises InvalidGlossary, which names the line."""
        if not isinstance(given.entries, str):
            return tuple(Entry(source, target) for source, target in given.entries.items())
        return parse(given.entries, given.format, self.glossaries.bounds)

    async def found(
        self, request: Request, glossary_id: str
    ) -> tuple[GlossaryInfo, tuple[Entry, ...]]:
        """Raises UnknownGlossary."""
        owner = await self.owner(request)
        info = await self.glossaries.find(glossary_id, owner)
        glossary = await self.glossaries.get(glossary_id, owner)
        if info is None or glossary is None:
            raise UnknownGlossary
        return info, glossary.entries


def brief(info: GlossaryInfo) -> glossary_schemas.Glossary:
    return glossary_schemas.Glossary(
        id=info.id,
        name=info.name,
        source=info.source,
        target=info.target,
        created=info.created,
        entry_count=info.count,
    )


def detail(info: GlossaryInfo, entries: tuple[Entry, ...]) -> glossary_schemas.GlossaryDetail:
    pairs = {entry.source: entry.target for entry in entries}
    fields = brief(info).model_dump() | {"entry_count": len(entries)}
    return glossary_schemas.GlossaryDetail(entries=pairs, **fields)


def answer(body: BaseModel, status: int = 200) -> Response:
    return JSONResponse(body.model_dump(mode="json"), status)
