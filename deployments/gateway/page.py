"""The web page and the API's documentation, from the files of `deployments/web/`.

1. `/` and `/docs` are asked for anew at every visit (ETag, 304). What they load lies under
   `/assets/<release>/`, where the release is a hash of the whole folder, and is cached for good.
2. A page that was loaded from an earlier release still gets its files: the present ones, uncached.
3. The content security policy allows nothing but our own files: no inline script, no other host.
4. Addresses inside the pages are relative, so a proxy may serve them under a prefix.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from deployments.errors import NotFound
from pipeline.errors import UserError

WEB = Path(__file__).resolve().parent.parent / "web"
PLACEHOLDER = b"%release%"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}

POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = f"{POLICY}; require-trusted-types-for 'script'; trusted-types 'none'"
# Swagger UI sets style attributes and has its icons in data: addresses.
DOCS_POLICY = f"{POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

REVALIDATE = "no-cache"
FOR_GOOD = "public, max-age=31536000, immutable"
NEVER = "no-store"


@dataclass(frozen=True)
class Site:
    """The folder's content by relative path; pages are complete, with the release put in."""

    release: str
    pages: dict[str, bytes]
    assets: dict[str, bytes]


def add_page(app: FastAPI) -> None:
    """Serve `/`, `/docs` and `/assets/`; raises UserError if the folder is missing.

    `app` must be made with `docs_url=None`, or FastAPI's own `/docs` goes first.
    """
    site()
    app.add_route("/", index, include_in_schema=False)
    app.add_route("/docs", docs, include_in_schema=False)
    app.add_route("/assets/{path:path}", asset, include_in_schema=False)


@cache
def site() -> Site:
    """The folder as it was when this process first asked.

    An application that Ray sends to a replica does not carry the files along.
    """
    files = {
        path.relative_to(WEB).as_posix(): path.read_bytes()
        for path in sorted(WEB.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    if "index.html" not in files:
        raise UserError(
            f"{WEB / 'index.html'} does not exist: install the project with its web files"
        )
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    release = digest.hexdigest()[:16]
    pages = {
        n: c.replace(PLACEHOLDER, release.encode()) for n, c in files.items() if n.endswith(".html")
    }
    return Site(release, pages, {n: c for n, c in files.items() if n not in pages})


async def index(request: Request) -> Response:
    """The page that translates."""
    return reply(request, "index.html", site().pages["index.html"], REVALIDATE, PAGE_POLICY)


async def docs(request: Request) -> Response:
    """The page that describes the API."""
    return reply(request, "docs.html", site().pages["docs.html"], REVALIDATE, DOCS_POLICY)


async def asset(request: Request) -> Response:
    """A file of a page; raises NotFound for other names.

    A look-up among names, never a path on the disk: nothing outside the folder can be named.
    """
    release, _, name = request.path_params["path"].partition("/")
    content = site().assets.get(name)
    if content is None:
        error = NotFound("No such file")
        error.headers["Cache-Control"] = NEVER
        raise error
    return reply(request, name, content, FOR_GOOD if release == site().release else NEVER, POLICY)


def reply(request: Request, name: str, content: bytes, caching: str, policy: str) -> Response:
    """The file, or 304 where the client knows this release; `policy` is for its content."""
    etag = f'"{site().release}"'
    headers = {
        "Cache-Control": caching,
        "Content-Security-Policy": policy,
        "ETag": etag,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    known = {
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("If-None-Match", "").split(",")
    }
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    kind = TYPES.get(PurePosixPath(name).suffix, "text/plain")
    return Response(content, media_type=kind, headers=headers)
