"""A web site on this machine that can break off, redirect and answer as hubs do."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RECORDS = "/v1/buckets/main/collections/translations-models-v2/records"


@dataclass
class Site:
    """What it has by path, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)  # bytes after which it breaks off
    headers: dict[str, str] = field(default_factory=dict)  # that come with every file
    tags: bool = True  # whether it says by an ETag which file it is
    ranges: bool = True  # whether it can begin in the middle
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, Range

    def add(self, path: str, content: bytes) -> str:
        """Have a file; returns its address."""
        self.files[path] = content
        return self.url + path

    def add_json(self, path: str, content: Any) -> str:
        """Have an answer in JSON; returns its address."""
        return self.add(path, json.dumps(content).encode())

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for _, path, _ in self.asked]


@contextmanager
def serve() -> Iterator[Site]:
    """A site on a free port, until the end."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(site))
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def handler(site: Site) -> type[BaseHTTPRequestHandler]:
    """The class that answers for a site; also as a proxy, whose requests name whole addresses."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.command, self.path, self.headers["Range"]))
            path = self.path.partition("?")[0]
            if path in site.redirects:
                self.send_response(302)
                self.send_header("Location", site.redirects[path])
                self.end_headers()
            elif path in site.statuses or path not in site.files:
                self.send_error(site.statuses.get(path, 404))
            else:
                self.give(path, site.files[path])

        do_HEAD = do_GET

        def do_CONNECT(self) -> None:
            site.asked.append((self.command, self.path, None))
            self.send_error(502)

        def give(self, path: str, content: bytes) -> None:
            tag, size = f'"{hashlib.sha256(content).hexdigest()}"', len(content)
            start = self.start(tag) if site.ranges else 0
            if start >= size > 0:
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(size - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            for name, value in site.headers.items():
                self.send_header(name, value)
            if site.tags:
                self.send_header("ETag", tag)
            self.end_headers()
            if self.command != "HEAD":
                cuts = site.cuts.get(path, [])
                self.wfile.write(content[start : start + cuts.pop(0)] if cuts else content[start:])

        def start(self, tag: str) -> int:
            asked = self.headers["Range"]
            same = self.headers["If-Range"] in (None, tag)
            return int(asked.removeprefix("bytes=").removesuffix("-")) if asked and same else 0

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
