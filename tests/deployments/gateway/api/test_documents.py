"""/v1/documents in this process, with processes of their own for the documents."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import docx
import pytest
from starlette.testclient import TestClient

from deployments.config import load
from deployments.documents import worker as background
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.store.errors import TooManyDocuments
from deployments.store.leases import Lease, Leases
from pipeline.config import resolve
from pipeline.errors import InvalidText
from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared
from pipeline.translator import Translator
from tests.deployments.in_process import service_of, store_in

PATH = "/v1/documents"
SENTENCE = "我们今天去北京。"
LONG = "\n\n".join(f"我们有{number}个苹果。" for number in range(300)).encode()


@pytest.fixture
def documents(
    translator: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A service with a state of its own, which looks for documents often."""
    monkeypatch.setattr(background, "PAUSE_S", 0.05)
    config = load({"store": {"url": str(tmp_path / "csanmt.db")}})
    service = service_of(translator, config, store_in(tmp_path))
    app = make_app(service, Readiness({}, config.readiness), Traffic(), config)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def send(client: TestClient, name: str, content: bytes, **fields: str) -> Any:
    return client.post(PATH, files={"file": (name, content)}, data=fields)


def finished(client: TestClient, ticket: dict[str, Any]) -> dict[str, Any]:
    """The status of a document once it has ended."""
    for _ in range(600):
        answer = client.get(f"{PATH}/{ticket['id']}", headers=key_of(ticket))
        status: dict[str, Any] = answer.json()
        if status["state"] not in ("queued", "running"):
            return status
        time.sleep(0.1)
    raise AssertionError(status)


def key_of(ticket: dict[str, Any]) -> dict[str, str]:
    return {"x-document-key": ticket["key"]}


def test_a_short_document_is_answered_at_once(documents: TestClient) -> None:
    written, content = docx.Document(), io.BytesIO()
    written.add_paragraph("").add_run(SENTENCE).bold = True
    written.save(content)
    answer = send(documents, "报告.docx", content.getvalue(), source="zh-CN", target="en")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].endswith("wordprocessingml.document")
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''%E6%8A%A5%E5%91%8A.en.docx"
    )
    (paragraph,) = docx.Document(io.BytesIO(answer.content)).paragraphs
    assert paragraph.text == "We went to Beijing today." and paragraph.runs[0].bold


def test_a_long_document_becomes_a_job_that_is_read_for_an_hour(documents: TestClient) -> None:
    made = send(documents, "a.txt", LONG)
    assert made.status_code == 202, made.text
    ticket = made.json()
    assert made.headers["location"] == f"documents/{ticket['id']}"
    status = finished(documents, ticket)
    assert status["state"] == "done" and status["done"] == status["total"] > 2000
    assert status["name"] == "a.txt" and status["expires"]
    for _ in range(2):
        result = documents.get(f"{PATH}/{ticket['id']}/result", headers=key_of(ticket))
        assert result.status_code == 200
        paragraphs = result.text.split("\n\n")
        assert len(paragraphs) == 300 and all("apple" in text for text in paragraphs)
    assert documents.delete(f"{PATH}/{ticket['id']}", headers=key_of(ticket)).status_code == 204
    gone = documents.get(f"{PATH}/{ticket['id']}", headers=key_of(ticket))
    assert gone.status_code == 404 and gone.json()["code"] == "unknown_document"


def test_only_who_sent_a_document_may_ask_for_it(documents: TestClient) -> None:
    ticket = send(documents, "a.txt", LONG).json()
    for headers in ({}, {"x-document-key": "other"}):
        for path in (f"{PATH}/{ticket['id']}", f"{PATH}/{ticket['id']}/result"):
            assert documents.get(path, headers=headers).status_code == 404
        assert documents.delete(f"{PATH}/{ticket['id']}", headers=headers).status_code == 404


def test_a_result_that_is_not_there_yet_is_a_conflict(documents: TestClient) -> None:
    ticket = send(documents, "a.txt", LONG).json()
    early = documents.get(f"{PATH}/{ticket['id']}/result", headers=key_of(ticket))
    assert early.status_code == 409 and early.json()["code"] == "document_not_ready"
    assert early.headers["retry-after"] == "2"
    assert finished(documents, ticket)["state"] == "done"


def test_a_glossary_is_applied_to_documents(documents: TestClient) -> None:
    body = {"name": "n", "entries": {"苹果": "Apple Inc."}}
    glossary = documents.post("/v1/glossaries", json=body).json()["id"]
    short = send(documents, "a.txt", "我们有3个苹果。".encode(), glossary_id=glossary)
    assert "Apple Inc." in short.text
    ticket = send(documents, "a.txt", LONG, glossary_id=glossary).json()
    assert finished(documents, ticket)["state"] == "done"
    result = documents.get(f"{PATH}/{ticket['id']}/result", headers=key_of(ticket))
    assert result.text.count("Apple Inc.") == 300


@pytest.mark.parametrize("at_once", [True, False])
def test_the_reader_is_told_what_was_left_out_or_failed(
    documents: TestClient, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    fragile = "我们有7个苹果。"
    given = Preprocessor.prepare

    def prepare(self: Preprocessor, text: str, *args: Any, **options: Any) -> Prepared:
        if text == fragile:
            raise InvalidText("as a text that kills replicas")
        return given(self, text, *args, **options)

    monkeypatch.setattr(Preprocessor, "prepare", prepare)
    note = "{} of {} texts could not be translated and stay"
    if at_once:
        answer = send(documents, "a.txt", f"{SENTENCE}\n\n{fragile}".encode())
        assert answer.headers["x-document-notes"] == note.format(1, 2)
        assert answer.text == f"We went to Beijing today.\n\n{fragile}"
        return
    ticket = send(documents, "a.txt", LONG).json()
    assert finished(documents, ticket)["notes"] == [note.format(1, 300)]
    result = documents.get(f"{PATH}/{ticket['id']}/result", headers=key_of(ticket))
    assert result.headers["x-document-notes"] == note.format(1, 300)
    assert result.text.count(fragile) == 1


def test_the_reader_of_a_pdf_is_told_that_its_layout_is_gone(documents: TestClient) -> None:
    content = (resolve("tests/data/documents") / "report.pdf").read_bytes()
    assert "layout" in send(documents, "a.pdf", content).headers["x-document-notes"]


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("a.exe", b"x", 415, "unsupported_document"),
        ("a.docm", b"PK", 415, "unsupported_document"),
        ("a.docx", b"PK\x03\x04 damaged", 422, "unreadable_document"),
        ("a.docx", b"no archive", 422, "unreadable_document"),
        ("a.pdf", b"", 422, "unreadable_document"),
        ("a.txt", "好".encode() * 1_000_001, 413, "document_too_large"),
        ("a.txt", b"x" * 10_100_000, 413, "body_too_large"),
    ],
)
def test_what_is_wrong_with_a_document_is_named(
    documents: TestClient, name: str, content: bytes, status: int, code: str
) -> None:
    answer = send(documents, name, content)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code and answer.json()["error"]
    assert "Traceback" not in answer.text


def test_a_form_that_is_not_as_it_should_be_is_a_400(documents: TestClient) -> None:
    for answer in (
        documents.post(PATH, data={"source": "zh"}, files={"other": ("a.txt", b"x")}),
        documents.post(PATH, files={"file": ("a.txt", b"x")}, data={"beam": "4"}),
        documents.post(
            PATH, content=b"--x", headers={"content-type": "multipart/form-data; boundary=x"}
        ),
        documents.post(PATH, content=b"x", headers={"content-type": "multipart/form-data"}),
    ):
        assert answer.status_code == 400 and answer.json()["code"] == "invalid_request"
    assert documents.post(PATH, json={"text": "x"}).status_code == 415
    asked = send(documents, "a.txt", LONG, model="other")
    assert asked.status_code == 400 and asked.json()["code"] == "unknown_model"


def test_a_document_whose_model_is_gone_has_failed_and_says_why(
    documents: TestClient, tmp_path: Path
) -> None:
    async def queue() -> dict[str, Any]:
        store = store_in(tmp_path)
        ticket = await store.jobs.create("a.txt", LONG, {"model": "other"})
        await store.close()
        return {"id": ticket.id, "key": ticket.secret}

    ticket = asyncio.run(queue())
    status = finished(documents, ticket)
    assert (status["state"], status["error"]) == ("failed", "unknown_model")


def test_a_result_without_room_has_failed_and_the_next_document_is_translated(
    documents: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, full = Leases.finish, [True]

    async def once_full(self: Leases, lease: Lease, result: bytes, notes: Sequence[str]) -> bool:
        if full and full.pop():
            raise TooManyDocuments
        return await finish(self, lease, result, notes)

    monkeypatch.setattr(Leases, "finish", once_full)
    status = finished(documents, send(documents, "a.txt", LONG).json())
    assert (status["state"], status["error"]) == ("failed", "no_room")
    assert finished(documents, send(documents, "a.txt", LONG).json())["state"] == "done"
