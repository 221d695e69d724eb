"""`python -m benchmarks.documents`: one-line requests while a large document is translated.

A service of its own is started as its users start it. One client sends one-line requests, one after
another with a pause between them: first alone, then beside a document that is translated in the
background. Both documents are of the sentences of FLORES and NTREX.
"""

from __future__ import annotations

import argparse
import io
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import docx
import httpx
import numpy as np
import ray

from benchmarks.support.service import Service
from quantize.machine import cpu_name
from quantize.sentences import TEST_SETS

PROBES = ("我们今天去北京。", "请输入您的用户名和密码。", "会议定于下周三下午举行。")
PAUSE_S = 0.1
PAGE = 500  # characters of a page of a Word document
DOCX_PAGES, TEXT_BYTES = 200, 2_000_000


@dataclass(frozen=True)
class Beside:
    """What one-line requests took, in milliseconds, and how many failed."""

    p50: float
    p95: float
    requests: int
    failed: int


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("--alone", type=float, default=15, help="seconds without a document")
    parser.add_argument("--only", choices=("docx", "txt"), help="one of the documents")
    arguments = parser.parse_args()
    print(f"{cpu_name()}, Python {platform.python_version()}, Ray {ray.__version__}")
    with tempfile.TemporaryDirectory(prefix="cs", dir="/tmp") as folder:
        service = Service(Path(folder)).start()
        try:
            until = time.monotonic() + arguments.alone
            show("alone", requests(service, lambda: time.monotonic() < until), 0, 0)
            for name, content in documents(arguments.only):
                measure(service, name, content)
        finally:
            service.stop()


def documents(only: str | None) -> Iterator[tuple[str, bytes]]:
    """Names and contents."""
    if only != "txt":
        yield "report.docx", word(DOCX_PAGES * PAGE)
    if only != "docx":
        yield "report.txt", "\n\n".join(paragraphs(TEXT_BYTES // 3)).encode()


def paragraphs(characters: int) -> Iterator[str]:
    """So many characters of text, no paragraph like another."""
    files = [TEST_SETS / "flores-dev.zh", TEST_SETS / "ntrex.zh"]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    size = 0
    for number, line in enumerate(cycle(lines), 1):
        yield f"第{number}段：{line}"
        size += len(line)
        if size >= characters:
            return


def word(characters: int) -> bytes:
    """A Word document with a bold word in each paragraph."""
    document, content = docx.Document(), io.BytesIO()
    for text in paragraphs(characters):
        head, mark, rest = text.partition("：")
        paragraph = document.add_paragraph()
        paragraph.add_run(head + mark).bold = True
        paragraph.add_run(rest)
    document.save(content)
    return content.getvalue()


def measure(service: Service, name: str, content: bytes) -> None:
    """Translate the document in the background, and print what requests beside it took."""
    url = f"{service.url}/v1/documents"
    started = time.monotonic()
    sent = httpx.post(url, files={"file": (name, content)}, timeout=120)
    sent.raise_for_status()
    ticket = sent.json()
    place, headers = f"{url}/{ticket['id']}", {"x-document-key": ticket["key"]}
    status: dict[str, Any] = {}
    looked = 0.0

    def under_way() -> bool:
        nonlocal looked, status
        if time.monotonic() - looked > 2:
            looked = time.monotonic()
            status = httpx.get(place, headers=headers, timeout=30).json()
        return status["state"] in ("queued", "running")

    found = requests(service, under_way)
    assert status["state"] == "done", status
    show(name, found, status["total"], time.monotonic() - started)
    httpx.delete(place, headers=headers, timeout=30)


def requests(service: Service, go_on: Callable[[], bool]) -> Beside:
    """One-line requests for as long as that says."""
    took: list[float] = []
    failed = 0
    with httpx.Client(timeout=60) as client:
        for text in cycle(PROBES):
            if not go_on():
                break
            began = time.perf_counter()
            answer = client.post(f"{service.url}/v1/translate", json={"text": text})
            took.append((time.perf_counter() - began) * 1000)
            failed += answer.status_code != 200
            time.sleep(PAUSE_S)
    p50, p95 = np.percentile(took, [50, 95])
    return Beside(float(p50), float(p95), len(took), failed)


def show(name: str, found: Beside, characters: int, seconds: float) -> None:
    """Print a row."""
    document = f"{characters:>9,} characters in {seconds:4.0f} s" if characters else ""
    print(
        f"{name:12} p50 {found.p50:6.1f} ms, p95 {found.p95:6.1f} ms of {found.requests}"
        f" ({found.failed} failed) {document}",
        flush=True,
    )


if __name__ == "__main__":
    main()
