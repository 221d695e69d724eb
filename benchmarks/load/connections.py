"""Keep-alive connections that cost the generator little, as it shares the machine with the service.

A request is bytes that were made beforehand.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple, cast

from benchmarks.load.responses import Response, parse

MOST = 2000  # connections at once; beyond, requests wait for a free one, and their clock runs


class Answer(NamedTuple):
    """How a request ended, and when by the event loop's clock.

    `status` is HTTP's, or the name of what came instead of an answer.
    """

    status: str
    at: float
    retry_after: str | None = None
    is_json: bool = False


class Connection(asyncio.Protocol):
    """One connection to the service, with at most one request under way."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.data, self.since = pool, b"", 0.0
        self.asked: asyncio.Future[Answer] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, asked: asyncio.Future[Answer]) -> None:
        """Send a request; `asked` is told how it ends."""
        assert self.transport is not None
        if self.transport.is_closing():
            self.pool.settle(asked, "closed")
            return
        self.asked, self.since, self.data = asked, self.pool.loop.time(), b""
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.data += data
        if response := parse(self.data):
            self.finish(response)

    def connection_lost(self, error: Exception | None) -> None:
        if response := parse(self.data, closed=True):
            self.finish(response)
        self.fail("reset" if isinstance(error, ConnectionResetError) else "closed")
        self.pool.lost(self)

    def finish(self, response: Response) -> None:
        """The request was answered."""
        asked, self.asked, self.data = self.asked, None, b""
        if asked is not None:
            retry_after = response.headers.get("retry-after")
            self.pool.settle(asked, response.status, retry_after, response.is_json)
        assert self.transport is not None
        if not response.kept or asked is None:
            self.transport.close()
        elif not self.transport.is_closing():
            self.pool.give_back(self)

    def fail(self, name: str) -> None:
        """The request, if there is one, ends without an answer."""
        asked, self.asked = self.asked, None
        if asked is not None:
            self.pool.settle(asked, name)
        if self.transport is not None:
            self.transport.abort()


class Pool:
    """Connections to one service, opened as they are needed."""

    def __init__(self, host: str, port: int, patience_s: float, most: int = MOST) -> None:
        """`patience_s`: seconds after which a request that was sent counts as not answered."""
        self.host, self.port, self.patience_s, self.most = host, port, patience_s, most
        self.loop = asyncio.get_running_loop()
        self.free: list[Connection] = []
        self.every: set[Connection] = set()
        self.opening: set[asyncio.Task[None]] = set()
        self.waiting: deque[tuple[bytes, asyncio.Future[Answer]]] = deque()
        self.opened = 0
        self.watch = self.loop.create_task(self._expire())

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send the request as soon as a connection is there."""
        asked: asyncio.Future[Answer] = self.loop.create_future()
        if self.free:
            self.free.pop().send(request, asked)
        elif len(self.every) + len(self.opening) < self.most:
            task = self.loop.create_task(self._open(request, asked))
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)
        else:
            self.waiting.append((request, asked))
        return asked

    def settle(
        self,
        asked: asyncio.Future[Answer],
        status: str,
        retry_after: str | None = None,
        is_json: bool = False,
    ) -> None:
        """Say how a request ended."""
        if not asked.done():
            asked.set_result(Answer(status, self.loop.time(), retry_after, is_json))

    def give_back(self, connection: Connection) -> None:
        """The connection can be used again."""
        if self.waiting:
            connection.send(*self.waiting.popleft())
        else:
            self.free.append(connection)

    def lost(self, connection: Connection) -> None:
        """The connection is closed."""
        self.every.discard(connection)
        if connection in self.free:
            self.free.remove(connection)
        self._open_for_one_that_waits()

    def close(self) -> None:
        """Close all connections."""
        self.watch.cancel()
        for connection in list(self.every):
            connection.fail("given up")

    async def _open(self, request: bytes, asked: asyncio.Future[Answer]) -> None:
        try:
            async with asyncio.timeout(self.patience_s):
                _, connection = await self.loop.create_connection(
                    lambda: Connection(self), self.host, self.port
                )
        except OSError as error:  # TimeoutError is one
            refused = isinstance(error, ConnectionRefusedError)
            self.settle(asked, "connection refused" if refused else type(error).__name__)
            self._open_for_one_that_waits()
        else:
            self.opened += 1
            self.every.add(connection)
            connection.send(request, asked)

    def _open_for_one_that_waits(self) -> None:
        if self.waiting:
            request, asked = self.waiting.popleft()
            task = self.loop.create_task(self._open(request, asked))
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            limit = self.loop.time() - self.patience_s
            for connection in list(self.every):
                if connection.asked is not None and connection.since < limit:
                    connection.fail("no answer")
