"""The service under a path of somebody's site: a proxy that takes the prefix away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, expect
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

pytestmark = pytest.mark.browser

PREFIX = "/tools/translate"
SENTENCE = "我们今天去北京。"
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"]
HOP_BY_HOP = {"host", "connection", "transfer-encoding", "content-length", "date", "server"}


def proxy(target: str) -> Starlette:
    """Passes what is under PREFIX on, with the prefix taken away, as nginx and Caddy do."""
    client = httpx.AsyncClient(base_url=target, timeout=60)

    async def forward(request: Request) -> Response:
        headers = {k: v for k, v in request.headers.items() if k not in HOP_BY_HOP}
        headers["x-forwarded-for"] = "203.0.113.7"
        headers["x-forwarded-prefix"] = PREFIX
        path = request.url.path.removeprefix(PREFIX)
        asked = client.build_request(
            request.method,
            path + (f"?{request.url.query}" if request.url.query else ""),
            headers=headers,
            content=await request.body(),
        )
        answer = await client.send(asked, stream=True)
        kept = {k: v for k, v in answer.headers.items() if k not in HOP_BY_HOP}
        return StreamingResponse(
            answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose)
        )

    return Starlette(routes=[Route(f"{PREFIX}/{{path:path}}", forward, methods=METHODS)])


@pytest.fixture(scope="module")
def under_a_prefix(service_url: str) -> Iterator[str]:
    """Where the session's service answers under the prefix."""
    server = uvicorn.Server(uvicorn.Config(proxy(service_url), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}{PREFIX}"
    server.should_exit = True
    thread.join()


def test_the_page_translates(under_a_prefix: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{under_a_prefix}/")
    page.locator("#source").fill(SENTENCE)
    expect(page.locator("#output")).to_contain_text("Beijing", timeout=60_000)
    page.close()


def test_the_documentation_tries_routes_out(under_a_prefix: str, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{under_a_prefix}/docs")
    route = page.locator(".opblock", has_text="/v1/languages").first
    route.click()
    route.get_by_role("button", name="Try it out").click()
    route.get_by_role("button", name="Execute").click()
    expect(route.locator(".live-responses-table tbody .response-col_status").first).to_contain_text(
        "200"
    )
    assert asked[-1] == f"{under_a_prefix}/v1/languages"
    page.close()


def test_every_kind_of_answer_passes(under_a_prefix: str) -> None:
    with httpx.Client(base_url=f"{under_a_prefix}/", timeout=60) as client:
        assert client.get("readyz").json() == {"status": "ready"}
        (one,) = client.post("v1/translate", json={"text": SENTENCE}).json()["translations"]
        assert "Beijing" in one["text"]
        stream = client.post("v1/translate/stream", json={"text": SENTENCE}).text
        assert "event: sentence" in stream and "event: done" in stream
        made = client.post("v1/glossaries", json={"name": "p", "entries": {"北京": "Peking"}})
        place = f"v1/glossaries/{made.json()['id']}"
        used = {"text": SENTENCE, "glossary_id": made.json()["id"]}
        assert "Peking" in json.dumps(client.post("v1/translate", json=used).json())
        assert client.delete(place).status_code == 204
        file = ("a.txt", SENTENCE.encode())
        assert "Beijing" in client.post("v1/documents", files={"file": file}).text
