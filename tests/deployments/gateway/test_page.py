"""The pages and their files over HTTP: caching, security headers, and names that must not be
served.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from deployments.gateway import page
from pipeline.errors import UserError

PAGES = ["/", "/docs"]
ADDRESS = re.compile(r'(?:href|src)="([^"]+)"')


@pytest.fixture
def client(api: TestClient) -> TestClient:
    return api


def addresses(client: TestClient, path: str) -> list[str]:
    return ADDRESS.findall(client.get(path).text)


def style(client: TestClient) -> str:
    return next(a for a in addresses(client, "/") if a.endswith("/style.css"))


@pytest.mark.parametrize("path", PAGES)
def test_page_is_html_and_asked_for_anew_at_every_visit(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    assert client.head(path).headers["etag"] == reply.headers["etag"]


@pytest.mark.parametrize("path", PAGES)
def test_an_unchanged_page_is_not_sent_again(client: TestClient, path: str) -> None:
    etag = client.get(path).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        reply = client.get(path, headers={"If-None-Match": known})
        assert (reply.status_code, reply.content) == (304, b"")
        assert reply.headers["etag"] == etag
        assert reply.headers["cache-control"] == "no-cache"
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_security_headers_of_pages(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert ("style-src" in policy) == (path == "/docs")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_only_files_that_we_serve(client: TestClient, path: str) -> None:
    found = addresses(client, path)
    assert len(found) >= 4
    for address in found:
        assert not re.match(r"[a-z]+:|/", address), f"{address} is not relative"
        reply = client.get(f"/{address}")
        assert reply.status_code == 200, address
        if address.startswith("assets/"):
            assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_inline_script_or_style(client: TestClient, path: str) -> None:
    text = client.get(path).text
    assert page.PLACEHOLDER.decode() not in text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert all(body == "" for body in re.findall(r"<script[^>]*>(.*?)</script>", text, re.S))


def test_modules_and_dictionaries_have_their_types(client: TestClient) -> None:
    folder = style(client).rpartition("/")[0]
    types = {
        "app.js": "text/javascript; charset=utf-8",
        "style.css": "text/css; charset=utf-8",
        "zh.json": "application/json",
        "favicon.svg": "image/svg+xml",
        "vendor/swagger-ui/LICENSE": "text/plain; charset=utf-8",
    }
    for name, kind in types.items():
        assert client.get(f"/{folder}/{name}").headers["content-type"] == kind


def test_the_description_that_docs_shows_is_served(client: TestClient) -> None:
    script = next(a for a in addresses(client, "/docs") if a.endswith("/docs.js"))
    address = re.search(r'url: "([^"]+)"', client.get(f"/{script}").text)
    assert address
    paths = set(client.get(f"/{address[1]}").json()["paths"])
    assert {"/translate", "/livez", "/readyz", "/v1/translate"} <= paths
    assert not {"/", "/docs", "/assets/{path}"} & paths  # its own routes are no part of the API


def test_another_releases_address_gives_the_present_file_uncached(client: TestClient) -> None:
    present = style(client)
    name = present.rpartition("/")[2]
    reply = client.get(f"/assets/0123456789abcdef/{name}")
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    assert reply.content == client.get(f"/{present}").content


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/{release}",
        "/assets/{release}/",
        "/assets/{release}/nothing.js",
        "/assets/{release}/index.html",
        "/assets/{release}/vendor",
        "/assets/{release}/vendor/.gitattributes",
        "/assets/{release}//style.css",
        "/assets/{release}/../page.py",
        "/assets/{release}/%2e%2e/page.py",
        "/assets/{release}/..%2fpage.py",
        "/assets/{release}/..%5cpage.py",
        "/assets/%2e%2e/%2e%2e/page.py",
        "/assets/{release}/%2fetc%2fpasswd",
        "/assets/{release}/style.css%00",
    ],
)
def test_unknown_names_are_not_found(client: TestClient, path: str) -> None:
    reply = raw_get(client, path.format(release=page.site().release))
    assert reply.status_code == 404
    assert reply.json() == {"error": "No such file"}
    assert reply.headers["cache-control"] == "no-store"


def raw_get(client: TestClient, path: str) -> Any:
    """GET without the tidying of dots that clients do: the path reaches the application as a server
    decodes it.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await client.app({**scope, "path": unquote(path), "raw_path": path.encode()}, receive, send)

    return TestClient(app, base_url="http://localhost").get("/")


def test_release_follows_the_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page, "WEB", tmp_path)
    (tmp_path / "index.html").write_text("<link href='assets/%release%/a.css'>")
    (tmp_path / "a.css").write_text("a {}")
    read = page.site.__wrapped__
    first = read()
    assert first == read()
    assert first.pages["index.html"].decode() == f"<link href='assets/{first.release}/a.css'>"
    (tmp_path / "a.css").write_text("b {}")
    changed = read()
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    assert len({first.release, changed.release, read().release}) == 3


def test_a_missing_folder_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(page, "WEB", tmp_path / "web")
    with pytest.raises(UserError, match=r"index\.html does not exist"):
        page.site.__wrapped__()


def test_the_page_is_small_and_needs_nothing_from_elsewhere() -> None:
    own = [f for f in page.WEB.iterdir() if f.is_file()]
    assert sum(f.stat().st_size for f in own) < 60_000
    for file in own:
        outside = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", file.read_text(encoding="utf-8"))
        assert [a for a in outside if not a.endswith("www.w3.org")] == [], file.name


def test_both_dictionaries_say_the_same_things() -> None:
    english, chinese = (
        json.loads((page.WEB / f"{name}.json").read_text(encoding="utf-8")) for name in ("en", "zh")
    )
    assert english.keys() - chinese.keys() == {"count_one"}  # Chinese has no singular
    assert not chinese.keys() - english.keys()
    for key, text in chinese.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), key
    html = (page.WEB / "index.html").read_text(encoding="utf-8")
    for key in re.findall(r'data-t(?:-\w+)?="(\w+)"', html):
        assert f">{english[key]}<" in html or f'"{english[key]}"' in html, key


def test_files_are_found_from_any_working_directory(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    page.site.cache_clear()
    assert client.get("/").status_code == 200
