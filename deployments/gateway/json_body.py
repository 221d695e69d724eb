"""Bodies that are JSON objects.

They are parsed here rather than by the framework, so that every malformed one gets the same kind
of answer: one sentence that says what is wrong.
"""

from __future__ import annotations

import asyncio
import json
from email.message import Message
from typing import Any, NoReturn

from starlette.requests import Request

from deployments.errors import InvalidRequest, UnsupportedMediaType

LONGEST_INTEGER = 640  # digits that Python always reads
SMALL_BYTES = 16_384  # which take well under a millisecond, whatever they hold


class JsonBodies:
    """Reads bodies that are JSON objects.

    Large ones are parsed one at a time, with a turn for everything else between two: however many
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
            return parse(body)


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
    if not isinstance(value, dict):
        raise InvalidRequest("the body is not a JSON object")
    return value


def parse_integer(digits: str) -> int | float:
    """JSON bounds no integer, Python does: longer ones are infinite, which no field takes."""
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


def refuse_constant(name: str) -> NoReturn:
    """NaN and the infinities, which Python reads, are no JSON."""
    raise ValueError(f"{name} is not JSON")
