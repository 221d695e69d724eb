"""Bodies that are JSON objects.

They are parsed here rather than by the framework, so that every malformed one gets the same kind
of answer: one sentence that says what is wrong.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any, NoReturn

from starlette.requests import Request

from deployments.errors import InvalidRequest, UnsupportedMediaType

LONGEST_INTEGER = 640  # digits that Python always reads
SMALL_BYTES = 16_384  # which take well under a millisecond, whatever they hold


class JsonBodies:
    """Reads bodies that are JSON objects.

    Large ones are parsed one at a time, and all else has as much time between two: however many
    arrive at once, none holds up other requests, and Ray's health checks, for longer than it takes
    itself.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def read(self, request: Request) -> dict[str, Any]:
        """The request's body, a byte order mark at its start passed over.

        Raises UnsupportedMediaType unless it is declared as JSON, which web pages of other origins
        cannot do without asking first (CORS); InvalidRequest unless it is a JSON object in UTF-8.
        """
        encoding = request.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise UnsupportedMediaType("Content-Encoding is not supported: send the body as it is")
        declared = Message()
        declared["content-type"] = request.headers.get("content-type", "")
        if declared.get_content_type() != "application/json":
            raise UnsupportedMediaType("Content-Type must be application/json")
        body = await request.body()
        if len(body) <= SMALL_BYTES:
            return parse(body)
        async with self._turn:
            await asyncio.sleep(0)
            began = time.perf_counter()
            try:
                with without_collections():
                    return parse(body)
            finally:
                await asyncio.sleep(time.perf_counter() - began)


@contextmanager
def without_collections() -> Iterator[None]:
    """While this lasts, Python looks for no cycles: JSON has none, and the search through all of
    its lists takes several times as long as to read them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def parse(body: bytes) -> dict[str, Any]:
    """Raises InvalidRequest unless `body` is a JSON object in UTF-8."""
    try:
        value = json.loads(
            body.decode("utf-8-sig"), parse_int=parse_integer, parse_constant=refuse_constant
        )
    except UnicodeDecodeError:
        raise InvalidRequest("the body is not UTF-8") from None
    except ValueError:
        raise InvalidRequest("the body is not JSON") from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deeply") from None
    if isinstance(value, dict):
        return value
    del value  # which the error's traceback would keep
    raise InvalidRequest("the body is not a JSON object")


def parse_integer(digits: str) -> int | float:
    """JSON bounds no integer, Python does: longer ones are infinite, which no field takes."""
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


def refuse_constant(name: str) -> NoReturn:
    """NaN and the infinities, which Python reads, are no JSON."""
    raise ValueError(f"{name} is not JSON")
