"""The routes of /v1/documents."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from deployments.config import Limits
from deployments.documents.apart import Apart, Opened
from deployments.documents.translate import translations
from deployments.documents.worker import Worker
from deployments.errors import (
    DocumentGone,
    DocumentNotReady,
    InvalidRequest,
    UnknownDocument,
    UnsupportedMediaType,
)
from deployments.gateway.access import Access, owner_of
from deployments.gateway.api.document_schemas import (
    DocumentOptions,
    DocumentRequest,
    DocumentStatus,
    DocumentTicket,
)
from deployments.gateway.api.requests import parsed, wanted
from deployments.gateway.api.schemas import form_body
from deployments.service import TranslationService
from deployments.store.jobs import JobStatus, Ticket

PATH = "/v1/documents"
ONE = f"{PATH}/{{document_id}}"
KEY = "x-document-key"
TAGS: list[str | Enum] = ["documents"]
BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class DocumentRoutes:
    """Short documents are answered at once, others are jobs."""

    def __init__(self, service: TranslationService, access: Access, worker: Worker) -> None:
        self.service, self.access, self.worker = service, access, worker
        self.apart: Apart = worker.apart
        self.limits: Limits = service.limits

    def add_to(self, app: FastAPI, errors: dict[int | str, dict[str, Any]]) -> None:
        """`errors` are the responses that each route may have."""
        app.add_api_route(
            PATH,
            self.create,
            methods=["POST"],
            tags=TAGS,
            status_code=202,
            summary="Translate a document",
            description="A short one is the answer; a longer one becomes a job.",
            response_model=DocumentTicket,
            responses={200: {"description": "The translation", "content": BINARY}, **errors},
            openapi_extra=form_body(DocumentRequest.model_json_schema()),
        )
        app.add_api_route(
            ONE,
            self.status,
            tags=TAGS,
            summary="How far a document is",
            response_model=DocumentStatus,
            responses=errors,
        )
        app.add_api_route(
            f"{ONE}/result",
            self.result,
            tags=TAGS,
            summary="The translated document",
            response_class=Response,
            responses={200: {"description": "The translation", "content": BINARY}, **errors},
        )
        app.add_api_route(
            ONE,
            self.delete,
            methods=["DELETE"],
            tags=TAGS,
            status_code=204,
            summary="Delete a document, or stop its translation",
            responses=errors,
        )

    async def create(self, request: Request) -> Response:
        caller = await self.access.caller(request)
        name, content, options = await self.uploaded(request)
        asked = await wanted(options, caller, self.service.vocabularies)
        self.service.check(asked)
        opened = await self.apart.open(name, content)
        if opened.characters <= self.limits.document_at_once:
            found = await translations(self.service, opened.texts, asked, patient=False)
            result = await self.apart.write(name, content, found.texts)
            return download(result, name, replace(opened, notes=(*opened.notes, *found.notes())))
        fields = options.model_dump(exclude_none=True)
        async with self.service.charged(asked, opened.characters):
            ticket = await self.service.store.jobs.create(
                name,
                content,
                fields | {"extension": opened.extension, "media_type": opened.media_type},
                owner_of(caller),
            )
        self.worker.called.set()
        body = DocumentTicket(id=ticket.id, key=ticket.secret, state="queued", name=name)
        headers = {"Location": f"documents/{ticket.id}"}  # beside this route, under any prefix
        return JSONResponse(body.model_dump(mode="json"), 202, headers)

    async def uploaded(self, request: Request) -> tuple[str, bytes, DocumentOptions]:
        """The name, the content and the options of a form; raises InvalidRequest."""
        kind = request.headers.get("content-type", "")
        if not kind.lower().startswith("multipart/form-data"):
            raise UnsupportedMediaType("Content-Type must be multipart/form-data")
        try:
            form = await request.form(max_files=1, max_fields=16)
        except HTTPException:
            raise InvalidRequest("the form cannot be read") from None
        try:
            return await read_form(form)
        finally:
            await form.close()

    async def status(self, request: Request, document_id: str) -> Response:
        found = await self.found(request, document_id)
        body = DocumentStatus(
            id=found.id,
            name=found.name,
            state=found.state,
            done=found.done,
            total=found.total,
            error=found.error,
            notes=list(found.notes),
            expires=found.expires,
        )
        return JSONResponse(body.model_dump(mode="json"))

    async def result(self, request: Request, document_id: str) -> Response:
        found = await self.found(request, document_id)
        if found.state == "expired":
            raise DocumentGone
        if found.state != "done":
            raise DocumentNotReady(found.state)
        content = await self.service.store.jobs.result(self.ticket(request, document_id))
        if content is None:
            raise DocumentGone
        options = found.options
        kept = Opened((), options["extension"], options["media_type"], found.notes)
        return download(content, found.name, kept)

    async def delete(self, request: Request, document_id: str) -> Response:
        await self.access.caller(request)
        if not await self.service.store.jobs.delete(self.ticket(request, document_id)):
            raise UnknownDocument
        return Response(status_code=204)

    async def found(self, request: Request, document_id: str) -> JobStatus:
        await self.access.caller(request)
        status = await self.service.store.jobs.status(self.ticket(request, document_id))
        if status is None:
            raise UnknownDocument
        return status

    def ticket(self, request: Request, document_id: str) -> Ticket:
        return Ticket(document_id, request.headers.get(KEY, ""))


async def read_form(form: FormData) -> tuple[str, bytes, DocumentOptions]:
    """Raises InvalidRequest."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidRequest("file is missing: send a file with its name")
    given = {name: value for name, value in form.items() if name != "file" and value != ""}
    return file.filename, await file.read(), parsed(DocumentOptions, given)


def download(content: bytes, name: str, opened: Opened) -> Response:
    """The document as a file with a name of its own: report.en.docx."""
    stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or "document"
    shown = quote(f"{stem}.en{opened.extension}", safe="", errors="replace")
    return Response(
        content,
        media_type=opened.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{shown}",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **({"X-Document-Notes": "; ".join(opened.notes)} if opened.notes else {}),
        },
    )
