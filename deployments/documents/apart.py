"""Documents opened in processes of their own (pipeline/documents/__main__.py).

A hostile file may take all that such a process is allowed; the replica and its other requests do
not notice.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from deployments.errors import (
    DocumentTooLarge,
    Overloaded,
    ServiceError,
    UnreadableDocument,
    UnsupportedDocument,
)

logger = logging.getLogger("ray.serve")

SECONDS = 60  # for a document to be opened, or written
SMALL_BYTES = 200_000  # of a document that waits for no large one
MOST_WAITING = 8  # of each size
ERRORS: dict[str, type[ServiceError]] = {
    "UnsupportedDocument": UnsupportedDocument,
    "UnreadableDocument": UnreadableDocument,
    "DocumentTooLarge": DocumentTooLarge,
}


@dataclass(frozen=True, slots=True)
class Opened:
    """The texts of a document that wait for their translations, and what it becomes."""

    texts: tuple[str, ...]
    extension: str
    media_type: str
    notes: tuple[str, ...]

    @property
    def characters(self) -> int:
        return sum(map(len, self.texts))


class Apart:
    """Opens and writes documents, one large and one small one at a time; `limits` are those of
    DocumentLimits.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)
        self._turns = {small: asyncio.Lock() for small in (True, False)}
        self._waiting = Counter[bool]()

    async def open(self, name: str, content: bytes) -> Opened:
        """Raises UnsupportedDocument, UnreadableDocument or DocumentTooLarge."""
        head, _ = await self._ask({"name": name}, content)
        return Opened(
            tuple(head["texts"]), head["extension"], head["media_type"], tuple(head["notes"])
        )

    async def write(self, name: str, content: bytes, translations: Sequence[str]) -> bytes:
        """The document with a translation in place of each of its texts; raises as `open`."""
        _, body = await self._ask({"name": name, "translations": list(translations)}, content)
        return body

    @asynccontextmanager
    async def _turn(self, small: bool) -> AsyncIterator[None]:
        """Wait for one's turn; raises Overloaded where too many do."""
        if self._waiting[small] > MOST_WAITING:
            raise Overloaded
        self._waiting[small] += 1
        try:
            async with self._turns[small]:
                yield
        finally:
            self._waiting[small] -= 1

    async def _ask(self, asked: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        line = json.dumps(asked | {"size": len(content), "limits": self._limits}).encode()
        async with self._turn(len(content) <= SMALL_BYTES):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "pipeline.documents",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(SECONDS):
                    answer, _ = await process.communicate(line + b"\n" + content)
            except TimeoutError:
                answer = b""
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        head, _, body = answer.partition(b"\n")
        if not head:
            logger.error("a document's process ended with status %s", process.returncode)
            raise UnreadableDocument("the document takes too much time or memory: split it")
        found: dict[str, Any] = json.loads(head)
        if "error" in found:
            raise ERRORS.get(found["error"], UnreadableDocument)(found["message"])
        return found, body
