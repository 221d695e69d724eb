"""A document opened in a process of its own, so that a hostile one can cost nobody else.

Reads one request from standard input and writes its answer to standard output, each a line of JSON
and then bytes:

    {"name": …, "size": …, "limits": {…}}                        the content
        {"texts": […], "extension": …, "media_type": …, "notes": […], "size": 0}
    {"name": …, "size": …, "limits": {…}, "translations": […]}   the content
        {"size": …}                                              the translated document
        {"error": "UnreadableDocument", "message": …, "size": 0}
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from pipeline.documents import DocumentError, DocumentLimits, open_document

MEMORY_BYTES = 2_000_000_000  # of address space
CPU_S = 120


def main() -> None:
    """Answer one request."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read(asked["size"])
    try:
        head, body = answer(asked, content)
    except DocumentError as error:
        head, body = {"error": type(error).__name__, "message": str(error)}, b""
    sys.stdout.buffer.write(json.dumps(head | {"size": len(body)}).encode() + b"\n" + body)


def answer(asked: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """The texts of the document, or it with its translations; raises DocumentError."""
    document = open_document(asked["name"], content, DocumentLimits(**asked["limits"]))
    if "translations" in asked:
        return {}, document.write(asked["translations"])
    head = {
        "texts": document.texts,
        "extension": document.extension,
        "media_type": document.media_type,
        "notes": document.notes,
    }
    return head, b""


if __name__ == "__main__":
    main()
