"""HTTP responses, of which only what is reported is read: the sender must be cheap."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Response:
    """A response that is there as a whole; names of headers are in small letters."""

    status: str
    headers: dict[str, str]
    body: bytes

    @property
    def kept(self) -> bool:
        """Whether the connection takes another request."""
        framed = {"content-length", "transfer-encoding"} & self.headers.keys()
        return bool(framed) and self.headers.get("connection", "").lower() != "close"

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON, and declared so."""
        if not self.headers.get("content-type", "").startswith("application/json"):
            return False
        with suppress(ValueError):
            json.loads(self.body)
            return True
        return False


def parse(data: bytes, closed: bool = False) -> Response | None:
    """The response that the bytes are; None while some are missing.

    `closed`: no more will come, which ends a body whose length was not declared.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if "chunked" in headers.get("transfer-encoding", ""):
        whole = body.endswith(b"0\r\n\r\n")
    elif (length := headers.get("content-length", "")).isdigit():
        whole = len(body) >= int(length)
    else:
        whole = closed
    return Response(first.split(" ")[1], headers, body) if whole else None
